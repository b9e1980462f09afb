"""Server and N clients in one process on gevent: comet of 2009, told once. Prints what it took, as one line."""
import resource
import sys
import time

from gevent import joinall, sleep, socket, spawn
from gevent.event import AsyncResult
from gevent.pywsgi import WSGIServer

PAUSE = 0.01  # between two questions for the count; and every so often while clients start, so that they connect
TOGETHER = 200  # clients that start between two pauses: fewer than the backlog has room for


class Comet:
    """The three paths: /wait, /notify, and the count at any other."""

    def __init__(self):
        self.waiting, self.told = 0, AsyncResult()

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/wait":
            self.waiting += 1
            number = self.told.get()
        elif path == "/notify":
            number, self.waiting = self.waiting, 0
            told, self.told = self.told, AsyncResult()
            told.set(number)
        else:
            number = self.waiting
        body = str(number).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]


def ask(port, path):
    """One request on a connection of its own, read up to its end, as the clients of 2009 did."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET " + path + b" HTTP/1.0\r\n\r\n")
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
    return int(answer.rpartition(b"\r\n\r\n")[2])


def main(n):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    server = WSGIServer(("127.0.0.1", 0), Comet(), log=None, backlog=4096)
    server.start()
    clients = []
    for i in range(n):
        clients.append(spawn(ask, server.server_port, b"/wait"))
        if i % TOGETHER == TOGETHER - 1:
            sleep(0)
    while ask(server.server_port, b"/") < n:
        sleep(PAUSE)
    notified = ask(server.server_port, b"/notify")
    joinall(clients, raise_error=True)
    right = sum(client.value == n for client in clients) if notified == n else 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(right, used.ru_utime - before.ru_utime, used.ru_stime - before.ru_stime,
          time.monotonic() - began, used.ru_maxrss)


main(int(sys.argv[1]))
