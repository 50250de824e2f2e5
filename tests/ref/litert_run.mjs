// SPDX-License-Identifier: MIT
//
// litert_run.mjs - rows through LiteRT, which succeeded TensorFlow Lite, to compare with:
//
//     node litert_run.mjs DIRECTORY MODEL ROWS RESULTS
//
// DIRECTORY has node_modules/@litertjs/core. ROWS and RESULTS are floats, row by row: the model's
// one input and its outputs are of floats. It is made for browsers, whose way to load a script
// and a file is all that it lacks here.
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [directory, modelPath, rowsPath, resultsPath] = process.argv.slice(2);
const core = `${directory}/node_modules/@litertjs/core`;
globalThis.self = globalThis;
globalThis.require = createRequire(`${core}/wasm/`);
globalThis.__filename = `${core}/wasm/x.js`;
globalThis.__dirname = `${core}/wasm`;
globalThis.importScripts = path => (0, eval)(readFileSync(path, 'utf8'));

const {loadLiteRt, loadAndCompile, Tensor} =
    await import(pathToFileURL(`${core}/dist/index.js`));
await loadLiteRt(`${core}/wasm/`);
const model = await loadAndCompile(new Uint8Array(readFileSync(modelPath)), {accelerator: 'wasm'});
const shape = Array.from(model.getInputDetails()[0].shape);
const width = shape.slice(1).reduce((a, b) => a * b, 1);
const bytes = readFileSync(rowsPath);
const rows = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const results = [];
for (let at = 0; at + width <= rows.length; at += width) {
    const input = new Tensor(rows.slice(at, at + width), shape);
    const outputs = await model.run(input);
    for (const output of outputs) {
        results.push(...output.toTypedArray());
        output.delete();
    }
    input.delete();
}
writeFileSync(resultsPath, new Uint8Array(Float32Array.from(results).buffer));
process.exit(0);
