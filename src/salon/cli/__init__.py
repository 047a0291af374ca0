"""The command ``salon``: arguments in, sentences out, an exit code.

May not happen here: anything that a program could not also do through ``salon.app``. A mistake of the user's is one sentence
and a non-zero exit, never a traceback.
"""
