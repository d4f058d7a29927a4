# SPDX-License-Identifier: Apache-2.0
"""What the tests of choosing key accounts share: users on connections of their own, a small criteria set, refusals."""

import base64
import http.client
import json
import ssl
import unittest

import kamtest


def criterion(name, axis, weight=10, **more):
    return {"id": name, "title": name.capitalize(), "axis": "CRITERION_AXIS_" + axis, "weight": weight, **more}


SMALL_SET = {"title": "Small", "year": 2026, "state": "CRITERIA_SET_STATE_ACTIVE",
             "criteria": [criterion("growth", "ATTRACTIVENESS", 15), criterion("size", "ATTRACTIVENESS", 35), criterion("process", "ATTRACTIVENESS", 20),
                          criterion("name", "ATTRACTIVENESS", 30), criterion("fit", "STRENGTH")]}


class Caller:
    """A user on one connection: Connect with JSON over HTTP/1.1. Hundreds of calls are made here, and a program for each would take a minute."""

    def __init__(self, user):
        self.user, self.name, self.token, self.run, self.json, self.try_run = user, user.name, user.token, user.run, user.json, user.try_run
        self.connection = http.client.HTTPSConnection("localhost", user.server.port, context=ssl.create_default_context(cafile=user.server.ca),
                                                      timeout=60 * kamtest.PATIENCE)

    def ask(self, method, request, as_of=None):
        headers = {"content-type": "application/json", "authorization": "Bearer " + self.token, **({"kam-as-of": str(as_of)} if as_of else {})}
        self.connection.request("POST", "/kam.v1." + method, json.dumps(request), headers)
        response = self.connection.getresponse()
        reply = json.loads(response.read())
        for detail in reply.get("details", []) if response.status != 200 else []:
            detail["value"] = base64.b64decode(detail["value"] + "==").decode("latin-1")  # its texts can be read in it
        return response.status, reply

    def call(self, method, request):
        status, reply = self.ask(method, request)
        if status != 200:
            raise AssertionError("%s: %s" % (method, reply))
        return reply


class Choosing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kamtest.Server.of_class(cls)
        cls.admin = Caller(cls.admin)
        cls.addClassCleanup(cls.admin.connection.close)

    @classmethod
    def new_user(cls, name, role):
        caller = Caller(cls.server.new_user(name, role))
        cls.addClassCleanup(caller.connection.close)
        return caller

    def refused(self, user, method, request, code, *words):
        """The call fails with this status, and its error has these words."""
        status, error = user.ask(method, request)
        self.assertNotEqual(status, 200, "it was accepted: %s" % error)
        self.assertEqual(error.get("code"), code, error)
        for word in words:
            self.assertIn(word, json.dumps(error))
        return error

    def account(self, name, **fields):
        self.admin.call("AccountService/CreateAccount", {"accountId": name, "account": {"displayName": name.capitalize(), **fields}})

    def criteria_set(self, name, **fields):
        return self.admin.call("CriteriaSetService/CreateCriteriaSet", {"criteriaSetId": name, "criteriaSet": {**SMALL_SET, **fields}})

    def assess(self, account, scores, by="", set="small", user=None, **fields):
        assessment = {"criteriaSet": "criteriaSets/" + set, "scores": scores, **fields}
        if by:
            assessment["assessor"] = "users/" + by
        return (user or self.admin).call("AssessmentService/CreateAssessment", {"parent": "accounts/" + account, "assessment": assessment})


INVALID, NOT_FOUND, DENIED, PRECONDITION = "invalid_argument", "not_found", "permission_denied", "failed_precondition"
