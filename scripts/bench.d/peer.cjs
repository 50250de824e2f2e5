// SPDX-License-Identifier: MIT
//
// node peer.cjs JOB - DuckDB and Polars in process, by the protocol of peer.py.
'use strict';
const path = require('path');
const readline = require('readline');

const job = JSON.parse(process.argv[2]);
const fromPackages = (name) => require(path.join(job.packages, 'node_modules', name));
const NA = ['', 'null', 'NaN', 'NA', 'N/A', '-'];

async function duckdb() {
    const { DuckDBInstance } = fromPackages('@duckdb/node-api');
    const instance = await DuckDBInstance.create(':memory:', { threads: String(job.threads) });
    const connection = await instance.connect();
    const text = (value) => `'${value.replaceAll("'", "''")}'`;
    const type = (name) => (job.iso && name === 'timestamp' ? 'TIMESTAMP' : 'DOUBLE');
    const types = job.columns.map((name) => `${text(name)}: '${type(name)}'`).join(', ');
    const lenient = `, ignore_errors = true, strict_mode = false, nullstr = [${NA.map(text)}]`;
    const wanted = job.select ? job.select.join(', ') : '*';
    const read = (file) =>
        `SELECT ${wanted} FROM read_csv(${text(file)}, auto_detect = false, header = true, ` +
        `delim = ',', quote = '"', columns = {${types}}${job.messy ? lenient : ''})`;
    return {
        convert: (file) => connection.run(`CREATE OR REPLACE TABLE bars AS ${read(file)}`),
        async check() {
            const found = await connection.runAndReadAll('SELECT count(*), sum(close) FROM bars');
            const [rows, sum] = found.getRows()[0];
            return { rows: Number(rows), sum: Number(sum) };
        },
    };
}

async function polars() {
    const pl = fromPackages('nodejs-polars');
    const type = (name) => (job.iso && name === 'timestamp' ? pl.Datetime('ms') : pl.Float64);
    const options = { schema: Object.fromEntries(job.columns.map((name) => [name, type(name)])) };
    if (job.select) options.columns = job.select;
    if (job.messy) {
        Object.assign(options, { ignoreErrors: true, truncateRaggedLines: true, nullValues: NA });
    }
    let frame;
    return {
        convert(file) {
            frame = pl.readCSV(file, options);
        },
        check: () => ({ rows: frame.height, sum: frame.getColumn('close').sum() }),
    };
}

async function main() {
    const peer = await { duckdb, polars }[job.peer]();
    if (job.warm) await peer.convert(job.warm);
    console.log('ready');
    await new Promise((go) => readline.createInterface({ input: process.stdin }).once('line', go));
    const start = process.hrtime.bigint();
    await peer.convert(job.file);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    return { seconds, ...(await peer.check()) };
}

main().then(
    (found) => { console.log(JSON.stringify(found)); process.exit(0); },
    (error) => { console.error(String(error.message).split('\n')[0]); process.exit(1); },
);
