"""The service that other machines and people talk to: an API under ``/v1``, and a page.

Needs the extra ``[service]``. Nothing here decides, watches or delivers: it reads the run log, and hands orders to
``gate.runs``, which workers take up. ``gate.service.app`` makes the application; nothing is imported here, because a worker
reads the settings too and is half as large without a web server.
"""
