# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Of an array, over an old output, durable.
tool=umm-quantize
arguments=(model.onnx --data rows.npy --sync -o out.tflite)
outputs=(out.tflite)
loose=(stdout)
durable=yes
setup() {
    # Four columns of 1200 numbers, of five kinds: more spread than prices have, and no rare ones.
    awk 'BEGIN {
        print "a,b,c,d"
        for (i = 0; i < 4800; i++) {
            x = (x * 1229 + 351750) % 1664501
            printf "%d%s", x % 5 * 10000, i % 4 == 3 ? "\n" : ","
        }
    }' >in.csv
    umm-convert --columns=a:f8,b:f8,c:f8,d:f8 -o rows.npy in.csv
    echo 'the old output' >out.tflite
    # Gemm of 4 to 4, Relu, Gemm of 4 to 1: model_make.py's mlp().
    base64 -d >model.onnx <<'END'
CAcSCm1vZGVsX21ha2VCBAoAEA1CDgoKYWkub25ueC5tbBADOr4CCi4KAXgKAncwCgJiMBICZzAa
BmxheWVyMCIER2VtbSoNCgZ0cmFuc0IYAaABAjoAChIKAmcwEgJyMBoAIgRSZWx1OgAKLgoCcjAK
AncxCgJiMRIBeRoGbGF5ZXIxIgRHZW1tKg0KBnRyYW5zQhgBoAECOgASBHJvd3MqTAgECAQQAUIC
dzBKQAAAgDoAAIA6AAAAAAAAAAAAAAAAAACAOgAAAAAAAIA6AAAAAAAAAAAAAAA7AACAugAAgDoA
AAC6AAAAAAAAAAAqGggEEAFCAmIwShAAAEDBAAAgwQAAoMAAAAAAKhwIAQgEEAFCAncxShAAAIA/
AACAvwAAAD8AAIC+Kg4IARABQgJiMUoEAACAPloUCgF4Eg8KDQgBEgkKAxIBbgoCCARiFAoBeRIP
Cg0IARIJCgMSAW4KAggB
END
}
