"""Help for tests of configurations, and of services that have one.

``assert_problems`` says which problems a load has to give, and ``FakeStore`` stands for a document
in Consul or etcd. pytest loads the rest by itself: the fixture ``meshconf_env`` gives a
``CleanEnvironment``, and files called ``test_*.meshconf.toml`` are tables of tests.
"""

from __future__ import annotations

from meshconf.testing.environment import CleanEnvironment
from meshconf.testing.fake_store import FakeStore
from meshconf.testing.problems import ExpectedProblem, assert_problems

__all__ = ["CleanEnvironment", "ExpectedProblem", "FakeStore", "assert_problems"]
