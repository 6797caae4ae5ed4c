"""The probe: a pod that answers every call with what it saw and, told to, sends batches of calls itself."""
