"""A clock for waits: it begins at 0, and only those who wait move it."""


class FakeClock:
    def __init__(self):
        self.time = 0.0

    def now(self):
        return self.time

    def wait(self, seconds):
        self.time += seconds
