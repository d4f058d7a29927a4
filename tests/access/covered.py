#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Part of the build: every RPC of the contract has a row in table.py, and every row an RPC.

    covered.py DESCRIPTOR-SET STAMP"""

import sys

sys.dont_write_bytecode = True
import contract
import table


def main(descriptors, stamp):
    rpcs = set(contract.read(descriptors))
    for path in sorted(rpcs - set(table.METHODS)):
        sys.exit("%s is in no row of the access matrix: say in tests/access/table.py who may call it." % path)
    for path in sorted(set(table.METHODS) - rpcs):
        sys.exit("%s has a row in tests/access/table.py and is no RPC any more: remove the row." % path)
    with open(stamp, "w") as file:
        file.write("%d\n" % len(rpcs))


main(*sys.argv[1:])
