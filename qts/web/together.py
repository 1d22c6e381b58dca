"""Many sockets ask the database the same kind of question: those of one moment are answered with one call."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from asgiref.sync import sync_to_async

GATHERED_FOR_S = 0.25

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """`answer` gets the questions and returns their answers in the same order; all who asked get what it raises."""

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer]]) -> None:
        self._answer = answer
        self._waiting: dict[asyncio.AbstractEventLoop, list[tuple[Question, asyncio.Future[Answer]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: Question) -> Answer:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        waiting = self._waiting.setdefault(loop, [])
        waiting.append((question, future))
        if len(waiting) == 1:
            task = loop.create_task(self._answer_all(loop))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _answer_all(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await asyncio.sleep(GATHERED_FOR_S)
        finally:
            asked = self._waiting.pop(loop)
        try:
            answers = await sync_to_async(self._answer)([question for question, _ in asked])
        except Exception as error:
            for _, future in asked:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(asked, answers, strict=True):
            if not future.done():
                future.set_result(answer)
