"""A plan of tasks, run in this process, by Dask on this machine, or on a cluster; knows no physics."""
