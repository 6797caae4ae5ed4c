"""What a run may do on a cluster, and whether it may: one ClusterRole, read by `meshproof doctor`."""
