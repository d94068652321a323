"""Who is told of a new configuration, and who has a say in it."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from tests.live.conftest import put, until

if TYPE_CHECKING:
    from pathlib import Path


def change(live: Any, limit: int) -> Any:
    """Change the limit and reload."""
    put("app.toml", f"limit = {limit}\n")
    return live.reload()


class TestSubscribers:
    """R13, R14: subscribers."""

    def test_are_told_after_the_swap_in_order(self, watch):
        """Each is called in its turn, when the new configuration is in force already."""
        live = watch("limit = 1\n")
        told: list[Any] = []
        for name in ("first", "second"):
            live.subscribe(
                lambda old, new, _, name=name: told.append(
                    (name, old.limit, new.limit, live.config is new, live.status.generation)
                )
            )
        change(live, 2)

        assert [("first", 1, 2, True, 2), ("second", 1, 2, True, 2)] == told

    def test_one_that_raises_stops_nobody(self, watch, caplog: pytest.LogCaptureFixture):
        """What the middle one of three raises is logged, counted, in the status, and undoes nothing."""
        live = watch("limit = 1\n")
        told: list[str] = []

        def fail(*_: Any) -> None:
            msg = "no"
            raise ValueError(msg)

        live.subscribe(lambda *_: told.append("first"))
        live.subscribe(fail)
        live.subscribe(lambda *_: told.append("last"))
        change(live, 2)
        status = live.status

        assert ["first", "last"] == told
        assert 2 == live.config.limit
        assert 1 == status.subscriber_errors
        assert (
            "TestSubscribers.test_one_that_raises_stops_nobody.<locals>.fail raised ValueError"
            in (status.last_subscriber_error)
        )
        assert status.last_error is None
        assert "raise ValueError(msg)" in caplog.text

    def test_one_that_ends_the_process_does_not(self, watch):
        """One that tries to end the process is counted, and the others are told."""
        live = watch("limit = 1\n")
        told: list[str] = []
        live.subscribe(lambda *_: sys.exit())
        live.subscribe(lambda *_: told.append("subscriber"))
        live.observe(lambda _: sys.exit())
        live.observe(lambda _: told.append("observer"))
        thread = live._worker._thread
        change(live, 2)

        assert ["subscriber", "observer"] == told
        assert 2 == live.status.subscriber_errors
        assert thread is live._worker._thread

    def test_one_that_tells_a_secret(self, watch, caplog: pytest.LogCaptureFixture):
        """What would tell a secret of the configuration is not logged."""
        live = watch("limit = 1\n", environ={"APP_TOKEN": "hunter2"})

        def fail(_: Any, new: Any, __: Any) -> None:
            raise ValueError(new.token.reveal())

        live.subscribe(fail)
        change(live, 2)

        assert "hunter2" not in caplog.text
        assert "fail raised ValueError in test_subscribers.py" in caplog.text

    def test_twice(self, watch):
        """A function that subscribes twice is told twice, and each end ends one of them."""
        live = watch("limit = 1\n")
        told: list[int] = []

        def note(_: Any, new: Any, __: Any) -> None:
            told.append(new.limit)

        end = live.subscribe(note)
        live.subscribe(note)
        change(live, 2)
        end()
        change(live, 3)

        assert [2, 2, 3] == told

    def test_what_a_coroutine_waits_for_is_cancelled(self, watch):
        """A coroutine that is cancelled from within is counted, and told of the next change."""
        live = watch("limit = 1\n")
        told: list[int] = []

        async def note(_: Any, new: Any, __: Any) -> None:
            told.append(new.limit)
            if new.limit == 2:
                raise asyncio.CancelledError

        async def listen() -> None:
            live.subscribe(note)
            for limit in (2, 3):
                await asyncio.to_thread(change, live, limit)
                while limit not in told:
                    await asyncio.sleep(0.001)

        asyncio.run(listen())

        assert [2, 3] == told
        assert 1 == live.status.subscriber_errors

    def test_generations_only_rise(self, watch):
        """Whoever asks for reloads and edits, a subscriber sees each generation after the one before."""
        live = watch("limit = 1\n")
        told: list[tuple[int, int]] = []
        live.subscribe(lambda old, new, _: told.append((old.limit, new.limit)))
        lock, count = threading.Lock(), iter(range(2, 10_000))
        barrier = threading.Barrier(6)

        def edit() -> None:
            barrier.wait()
            for _ in range(20):
                with lock:
                    put("app.toml", f"limit = {next(count)}\n")
                live.reload()

        threads = [threading.Thread(target=edit) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [old for old, _ in told] == [1, *[new for _, new in told[:-1]]]
        assert 121 == live.config.limit == told[-1][1]
        assert live.status.generation == len(told) + 1

    def test_end_of_a_subscription(self, watch):
        """One that has ended its subscription is not told any more; ending it again does nothing."""
        live = watch("limit = 1\n")
        told: list[int] = []
        end = live.subscribe(lambda _, new, __: told.append(new.limit))
        live.subscribe(lambda *_: None)
        change(live, 2)
        end()
        end()
        change(live, 3)

        assert [2] == told

    def test_observers_are_told_of_every_attempt(self, watch):
        """An observer gets good and bad attempts alike, and may raise."""
        live = watch("limit = 1\n")
        told: list[Any] = []
        live.observe(lambda _: 1 / 0)
        live.observe(told.append)
        change(live, 2)
        put("app.toml", "limit = 0\n")
        with pytest.raises(ValueError, match="MC202"):
            live.reload()
        change(live, 2)

        assert ["success", "rejected", "unchanged"] == [one.result for one in told]
        assert [2, 2, 2] == [one.generation for one in told]
        assert [True, False, False] == [one.update is not None for one in told]
        assert [False, True, False] == [one.error is not None for one in told]
        assert "start" not in {one.trigger for one in told}
        assert 3 == live.status.subscriber_errors

    def test_others_may_subscribe_meanwhile(self, watch):
        """While a subscriber runs, no lock is held: another thread may subscribe."""
        live = watch("limit = 1\n")
        told: list[bool] = []

        def wait(*_: Any) -> None:
            thread = threading.Thread(target=live.subscribe, args=(lambda *_: None,))
            thread.start()
            thread.join(2)
            told.append(not thread.is_alive())

        live.subscribe(wait)
        change(live, 2)

        assert [True] == told

    def test_words_of_one_that_raises(self, watch):
        """The status repeats no words of an exception: they may tell a secret."""
        live = watch("limit = 1\n", environ={"APP_TOKEN": "hunter2"})

        def fail(_: Any, new: Any, __: Any) -> None:
            raise ValueError(new.token.reveal())

        live.subscribe(fail)
        change(live, 2)

        assert 1 == live.status.subscriber_errors
        assert "hunter2" not in f"{live.status}"

    def test_there_and_back_is_another_generation(self, watch):
        """A configuration that was in force before is a new generation all the same."""
        live = watch("limit = 1\n")
        told: list[tuple[int, int, int]] = []
        live.subscribe(
            lambda old, new, _: told.append((live.status.generation, old.limit, new.limit))
        )
        for limit in (2, 1, 2):
            change(live, limit)

        assert [(2, 1, 2), (3, 2, 1), (4, 1, 2)] == told


@attrs.define
class Part:
    """A participant that notes what it is told."""

    name: str
    told: list[str]
    refuses: str = ""
    fails_in: str = ""

    def prepare(self, new: Any) -> None:
        self._note("prepare", new)
        if self.refuses:
            raise ValueError(self.refuses)

    def commit(self, new: Any) -> None:
        self._note("commit", new)

    def abort(self, new: Any) -> None:
        self._note("abort", new)

    def _note(self, word: str, new: Any) -> None:
        self.told.append(f"{self.name} {word} {new.limit}")
        if self.fails_in == word:
            raise KeyError(word)


class TestParticipants:
    """R15: two phases."""

    def test_prepare_then_commit(self, watch):
        """All prepare while the old configuration is in force, then all commit, then subscribers are told."""
        live = watch("limit = 1\n")
        told: list[str] = []
        live.enlist(Part("a", told))
        live.enlist(Part("b", told))
        live.subscribe(lambda *_: told.append("subscriber"))
        change(live, 2)

        assert [
            "a prepare 2",
            "b prepare 2",
            "a commit 2",
            "b commit 2",
            "subscriber",
        ] == told

    def test_veto_of_the_last(self, watch, failure):
        """If the last of three refuses, those before it abort, and nothing comes into force."""
        live = watch("limit = 1\n")
        told: list[str] = []
        live.subscribe(lambda *_: told.append("subscriber"))
        for name, refuses in (("a", ""), ("b", ""), ("c", "the pool cannot shrink to 2")):
            live.enlist(Part(name, told, refuses))
        put("app.toml", "limit = 2\n")
        error = failure(live)

        assert ["a prepare 2", "b prepare 2", "c prepare 2", "a abort 2", "b abort 2"] == told
        assert (
            "error[MC601]: Part refused the new configuration: the pool cannot shrink to 2"
            == str(error).split("\n", maxsplit=1)[0]
        )
        assert "rejected" == live.attempt.result

    def test_veto_without_words(self, watch, failure):
        """One that raises without words is named with what it raised, and where."""
        live = watch("limit = 1\n")
        live.enlist(Part("a", [], fails_in="prepare"))
        put("app.toml", "limit = 2\n")
        [problem] = failure(live).problems

        assert "prepare" in problem.message
        live.enlist(Silent())

    def test_veto_that_tells_a_secret(self, watch, failure):
        """Words that tell a secret of the configuration are not repeated."""
        live = watch("limit = 1\n", environ={"APP_TOKEN": "hunter2"})
        live.enlist(Part("a", [], refuses="hunter2 is too short"))
        put("app.toml", "limit = 2\n")
        error = failure(live)

        assert "hunter2" not in str(error)
        assert "it raised ValueError in test_subscribers.py" in error.problems[0].message

    def test_abort_that_tells_a_secret(self, watch, failure, caplog: pytest.LogCaptureFixture):
        """A secret of a configuration that was refused is logged no more than one in force."""
        live = watch("token = 'hunter1'\n")

        class Telling(Silent):
            def abort(self, new: Any) -> None:
                raise ValueError(new.token.reveal())

        live.enlist(Telling())
        live.enlist(Part("b", [], refuses="no"))
        put("app.toml", "token = 'hunter2'\n")
        failure(live)

        assert "hunter2" not in caplog.text
        assert "abort raised ValueError in test_subscribers.py" in caplog.text

    def test_is_not_asked_for_the_same(self, watch):
        """Nobody is asked if nothing changes."""
        live = watch("limit = 1\n")
        told: list[str] = []
        live.enlist(Part("a", told))
        put("app.toml", "# one\nlimit = 1\n")
        live.reload()

        assert [] == told

    @pytest.mark.parametrize("word", ["commit", "abort"])
    def test_failing_later(self, watch, word: str):
        """What is raised in commit or abort is counted and stops nobody."""
        live = watch("limit = 1\n")
        told: list[str] = []
        live.enlist(Part("a", told, fails_in=word))
        live.enlist(Part("b", told))
        end = live.enlist(Part("c", told, refuses="no" if word == "abort" else ""))
        put("app.toml", "limit = 2\n")
        if word == "abort":
            with pytest.raises(ValueError, match="MC601"):
                live.reload()
        else:
            live.reload()
        end()

        assert {f"a {word} 2", f"b {word} 2"} <= set(told)
        assert 1 == live.status.subscriber_errors

    def test_nobody_is_told_after_the_end(self, watch):
        """A participant that closes it ends the telling."""
        live = watch("limit = 1\n")
        told: list[str] = []

        class Closing(Silent):
            def commit(self, _: Any) -> None:
                live.close()

        live.enlist(Closing())
        live.enlist(Part("b", told))
        live.observe(lambda _: told.append("observer"))
        put("app.toml", "limit = 2\n")
        until(lambda: "b commit 2" in told)
        live.close()  # which waits until all are told

        assert ["b prepare 2", "b commit 2"] == told

    def test_end_while_they_prepare(self, watch):
        """If it is closed before the swap, those who prepared abort, and nothing comes into force."""
        live = watch("limit = 1\n")
        told: list[str] = []

        class Closing(Silent):
            def prepare(self, _: Any) -> None:
                live.close()

        live.enlist(Part("a", told))
        live.enlist(Closing())
        put("app.toml", "limit = 2\n")
        with pytest.raises(RuntimeError, match="closed"):
            live.reload()

        assert ["a prepare 2", "a abort 2"] == told
        assert 1 == live.config.limit

    def test_that_ends_the_process(self, watch, failure):
        """One that tries to end the process refuses; those before it abort."""
        live = watch("limit = 1\n")
        told: list[str] = []
        live.enlist(Part("a", told))

        class Leaving(Silent):
            def prepare(self, _: Any) -> None:
                sys.exit("no disk")

        live.enlist(Leaving())
        put("app.toml", "limit = 2\n")
        [problem] = failure(live).problems

        assert "Leaving refused the new configuration: no disk" == problem.message
        assert ["a prepare 2", "a abort 2"] == told

    def test_words_of_the_system(self, watch, failure, folder: Path):
        """What the operating system says is repeated, with the file that it says it of."""
        live = watch("limit = 1\n")

        class Opening(Silent):
            def prepare(self, _: Any) -> None:
                (folder / "none" / "log").touch()

        live.enlist(Opening())
        put("app.toml", "limit = 2\n")
        [problem] = failure(live).problems

        assert "No such file or directory" in problem.message
        assert str(folder / "none" / "log") in problem.message

    def test_without_any_words(self, watch, failure):
        """An exception that cannot say what it is is named."""
        live = watch("limit = 1\n")

        class WordlessError(ValueError):
            def __str__(self) -> str:
                raise KeyError

        class Refusing(Silent):
            def prepare(self, _: Any) -> None:
                raise WordlessError

        live.enlist(Refusing())
        put("app.toml", "limit = 2\n")

        assert "it raised WordlessError in test_subscribers.py" in str(failure(live))

    def test_told_before_iterators(self, watch):
        """All commit before an iterator gives the change, even one that asks all the time."""
        live = watch("limit = 1\n")
        told: list[str] = []

        class Slow(Silent):
            def commit(self, _: Any) -> None:
                time.sleep(0.1)
                told.append("commit")

        live.enlist(Slow())

        async def listen() -> None:
            changes = live.changes()
            thread = threading.Thread(target=change, args=(live, 2))
            thread.start()
            while live.config.limit == 1:
                await asyncio.sleep(0.001)
            changes.wake()
            await changes.__anext__()
            told.append("changes")
            await asyncio.to_thread(thread.join)

        asyncio.run(listen())

        assert ["commit", "changes"] == told

    def test_swap_comes_between(self, watch, failure):
        """Whoever prepares or aborts finds the old configuration in force, whoever commits the new one."""
        live = watch("limit = 1\n")
        seen: list[tuple[str, int, int]] = []

        class Looking:
            def prepare(self, _: Any) -> None:
                seen.append(("prepare", live.config.limit, live.snapshot.config.limit))

            def commit(self, _: Any) -> None:
                seen.append(("commit", live.config.limit, live.snapshot.config.limit))

            def abort(self, _: Any) -> None:
                seen.append(("abort", live.config.limit, live.snapshot.config.limit))

        live.enlist(Looking())
        change(live, 2)
        live.enlist(Part("last", [], refuses="no"))
        put("app.toml", "limit = 3\n")
        failure(live)

        assert [("prepare", 1, 1), ("commit", 2, 2), ("prepare", 2, 2), ("abort", 2, 2)] == seen

    def test_veto_again(self, watch, failure):
        """What was refused is not in force: asked again, it is refused again, or comes into force."""
        live = watch("limit = 1\n")
        told: list[str] = []
        end = live.enlist(Part("a", told, refuses="no"))
        put("app.toml", "limit = 2\n")
        failure(live)
        failure(live)
        end()
        live.reload()

        assert ["a prepare 2", "a prepare 2"] == told
        assert 2 == live.config.limit

    def test_is_asked_while_something_waits(self, watch):
        """What is prepared is what comes into force, with what is held until a restart."""
        live = watch("limit = 1\nlisten = 80\n")
        asked: list[tuple[int, int]] = []

        class Asked(Silent):
            def prepare(self, new: Any) -> None:
                asked.append((new.limit, new.listen))

        live.enlist(Asked())
        put("app.toml", "limit = 2\nlisten = 81\n")
        live.reload()

        assert [(2, 80)] == asked


class TestWhoCanBeTold:
    """What cannot be called as it would be is refused at once."""

    @pytest.mark.parametrize(
        ("callback", "message"),
        [
            (3, "a subscriber is called with (old, new, changes), and int is no function"),
            (
                lambda new: new,
                "a subscriber is called with (old, new, changes): too many positional arguments",
            ),
        ],
    )
    def test_subscriber(self, watch, callback: Any, message: str):
        """A subscriber takes three arguments."""
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            watch("limit = 1\n").subscribe(callback)

    def test_function_that_does_not_tell(self, watch):
        """A function whose arguments are not known is believed."""
        watch("limit = 1\n").subscribe(max)

    def test_observer(self, watch):
        """An observer is no coroutine function."""

        async def observe(_: Any) -> None: ...

        with pytest.raises(TypeError, match=r"cannot be a coroutine function$"):
            watch("limit = 1\n").observe(observe)

    def test_participant(self, watch):
        """A participant has three methods."""
        one: Any = object()
        message = "prepare of a participant is called with (new), and NoneType is no function"
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            watch("limit = 1\n").enlist(one)

    @pytest.mark.parametrize("word", ["subscribe", "enlist"])
    def test_closed(self, watch, word: str):
        """One that is closed tells nobody."""
        live = watch("limit = 1\n")
        live.close()
        with pytest.raises(RuntimeError, match=r"^this Live is closed$"):
            getattr(live, word)(Silent())


class Silent:
    """A participant that agrees to everything."""

    def prepare(self, _: Any) -> None: ...

    def commit(self, _: Any) -> None: ...

    def abort(self, _: Any) -> None: ...

    def __call__(self, *_: Any) -> None: ...
