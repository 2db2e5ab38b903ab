"""`kubectl tally ui`: a page on the loopback, over one person's kubeconfig; nothing of it runs in the cluster.

One thread watches (`following`), one `board` holds what there is and each row as HTML, and every tab is told what is
new since it last heard. `guard`, `rows`, `day` and `plots` decide, of values and an instant; `server` serves.
"""
