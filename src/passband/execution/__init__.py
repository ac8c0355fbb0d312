"""A plan of tasks, run in this process or by Dask on this machine; knows no physics."""
