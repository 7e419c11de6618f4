"""Make a certificate for localhost in a folder: localhost.pem with its key, ca.pem to trust it by."""

import sys
from pathlib import Path

import trustme

folder = Path(sys.argv[1])
authority = trustme.CA()
authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "localhost.pem")
authority.cert_pem.write_to_path(folder / "ca.pem")
