// SPDX-License-Identifier: MIT
//
// node live_node.cjs MODULES MODEL SOCKET - HTTP in front of onnxruntime-node, with batches of its
// own: POST [x1,...,xn] is answered by [y]. What has come while the model ran is run next, all
// at once; nothing waits for a time.
'use strict';
const http = require('http');
const path = require('path');

async function main([modules, model, socket]) {
    const ort = require(path.join(modules, 'onnxruntime-node'));
    const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const [input] = session.inputNames;
    const output = session.outputNames[session.outputNames.length - 1];
    let waiting = [];
    let isRunning = false;

    async function runAll() {
        isRunning = true;
        while (waiting.length) {
            const batch = waiting;
            waiting = [];
            const width = batch[0].row.length;
            const rows = new Float32Array(batch.length * width);
            batch.forEach(({ row }, i) => rows.set(row, i * width));
            const made = await session.run({ [input]: new ort.Tensor('float32', rows, [batch.length, width]) }, [output]);
            const { data } = made[output];
            batch.forEach(({ response }, i) => {
                const body = `[${data[i]}]`;
                response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
                response.end(body);
            });
        }
        isRunning = false;
    }

    const server = http.createServer((request, response) => {
        const parts = [];
        request.on('data', (part) => parts.push(part));
        request.on('end', () => {
            const text = parts.length === 1 ? parts[0] : Buffer.concat(parts);
            waiting.push({ row: JSON.parse(text), response });
            if (!isRunning) {
                isRunning = true;
                setImmediate(runAll);
            }
        });
    });
    server.keepAliveTimeout = 0;
    server.sendDate = false;
    server.listen({ path: socket, backlog: 4096 });
}

main(process.argv.slice(2)).catch((error) => {
    console.error(String(error.message).split('\n')[0]);
    process.exit(1);
});
