# shellcheck shell=bash disable=SC2034 # the names are job.bash's
# SPDX-License-Identifier: MIT
# Of text, every way tried, judged, with a report and metrics.
tool=umm-quantize
arguments=(model.onnx --data in.csv -o out.onnx --method auto --max-error 50% --report r.json --metrics m.prom)
outputs=(out.onnx)
setup() {
    # Four columns of 1200 numbers, of five kinds: more spread than prices have, and no rare ones.
    awk 'BEGIN {
        print "a,b,c,d"
        for (i = 0; i < 4800; i++) {
            x = (x * 1229 + 351750) % 1664501
            printf "%d%s", x % 5 * 10000, i % 4 == 3 ? "\n" : ","
        }
    }' >in.csv
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
