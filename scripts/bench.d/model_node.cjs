// SPDX-License-Identifier: MIT
//
// node model_node.cjs MODULES MODEL N_IN BATCH MILLISECONDS - rows through onnxruntime-node:
// "NANOSECONDS" per row, the median of its calls.
'use strict';
const path = require('path');

async function main([modules, model, nIn, batch, milliseconds]) {
    const ort = require(path.join(modules, 'onnxruntime-node'));
    const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const rows = new Float32Array(batch * nIn).map(() => Math.random() - 0.5);
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', rows, [Number(batch), Number(nIn)]) };
    const wanted = session.outputNames.slice(-1);
    const taken = [];
    const end = process.hrtime.bigint() + BigInt(milliseconds) * 1000000n;
    for (let now = 0n; now < end;) {
        const start = process.hrtime.bigint();
        await session.run(feeds, wanted);
        now = process.hrtime.bigint();
        taken.push(Number(now - start));
    }
    taken.sort((a, b) => a - b);
    console.log((taken[taken.length >> 1] / batch).toFixed(3));
}

main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exit(1);
});
