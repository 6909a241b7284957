"""Azure DevOps' check "Invoke REST API": a stage waits, Azure asks, the gate watches and answers.

``endpoint`` takes the question in, so that Azure has its 200 at once. What follows is the worker's: ``check`` orders the
run and tells how it stands, ``plans`` speaks to Azure with the token that came with the question, which ``sealing`` keeps
encrypted meanwhile. The verdict goes through the outbox of the run like any callback. In the synchronous mode,
``sampling``, nothing is called back: Azure asks again.
"""
