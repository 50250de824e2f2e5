#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""live_asyncio.py LAYERS.npz SOCKET - a batcher as they are usually written: asyncio, a queue, a
timer for each item, 32 rows or 0.1 s. Lines ID,x1,...,xn are answered by ID,y, and NumPy
stands for the model."""
import asyncio
import sys

import numpy as np

BATCH, DELAY_S = 32, 0.1


def open_model(path):
    """Weights and biases w0, b0, w1, b1, ... with a ReLU between them."""
    with np.load(path) as kept:
        layers = [(kept[f"w{i}"].T.copy(), kept[f"b{i}"]) for i in range(len(kept.files) // 2)]

    def run(rows):
        for i, (weights, biases) in enumerate(layers):
            rows = rows @ weights + biases
            if i + 1 < len(layers):
                np.maximum(rows, 0, out=rows)
        return rows
    return run


async def batches(queue, run):
    loop = asyncio.get_running_loop()
    while True:
        items = [await queue.get()]
        end = loop.time() + DELAY_S
        while len(items) < BATCH:
            try:
                items.append(await asyncio.wait_for(queue.get(), end - loop.time()))
            except asyncio.TimeoutError:
                break
        answers = run(np.array([row for row, _ in items], "f4"))
        for (_, future), answer in zip(items, answers):
            future.set_result(answer[0])


async def answer(waiting, writer):
    while (item := await waiting.get()) is not None:
        key, future = item
        writer.write(b"%s,%s\n" % (key, str(await future).encode()))
    writer.close()


async def main(layers, socket):
    queue, run = asyncio.Queue(), open_model(layers)

    async def serve(reader, writer):
        waiting = asyncio.Queue()
        answers = asyncio.create_task(answer(waiting, writer))
        while line := await reader.readline():
            key, *row = line.split(b",")
            future = asyncio.get_running_loop().create_future()
            queue.put_nowait(([float(x) for x in row], future))
            waiting.put_nowait((key, future))
        waiting.put_nowait(None)
        await answers

    server = await asyncio.start_unix_server(serve, socket, backlog=4096)
    await asyncio.gather(batches(queue, run), server.serve_forever())


asyncio.run(main(*sys.argv[1:]))
