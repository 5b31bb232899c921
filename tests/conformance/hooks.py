"""How the official document of EPCIS 2.0 is put to the services.

CORRECTIONS are the document's own errors, each by name, with why: it is corrected before it is used, and
one that is no longer there ends the run. STATED are requests the document's schemas allow and the standard
does not, or the other way: only that they are refused (or taken) is no failure, with the reason; everything
else about the answer is checked.
"""

import json
import os
import urllib.request

import schemathesis

# ---------------------------------------------------------------- the document's own errors


def status_of_409(document):
    """`409`: its body may only have status 406, as copied from `NotAcceptable`."""
    for media in document["components"]["responses"]["409ResourceAlreadyExistsException"]["content"].values():
        properties = media["schema"]["allOf"][0]["properties"]
        assert properties["status"]["enum"] == [406]
        properties["status"] = {"type": "integer", "enum": [409]}


def type_of_404(document):
    """`404`: its types lack that of its own example, NoSuchResourceException."""
    for media in document["components"]["responses"]["404ResourceNotFound"]["content"].values():
        names = media["schema"]["allOf"][0]["properties"]["type"]["enum"]
        assert names == ["epcisException:NoSuchNameException"]
        names.append("epcisException:NoSuchResourceException")


def link_is_no_uri(document):
    """`Link`: said to be a URI; its own example is the `<...>; rel="next"` of RFC 8288."""
    link = document["components"]["schemas"]["Link"]
    assert link["format"] == "uri" and link["example"].startswith("<")
    del link["format"]


def extensions_are_text(document):
    """`GS1-Extensions` of answers: said to be an object without `explode`; its example is `name=URI,...`."""
    header = document["components"]["headers"]["GS1-Extensions"]
    assert header["schema"] == {"$ref": "#/components/schemas/GS1-Extensions"} and "explode" not in header
    header["schema"] = {"type": "string"}


def errors_or_file(document):
    """Capture job: exactly one of two forms that both require nothing, so that every job has both."""
    job = document["components"]["schemas"]["CaptureJob"]["allOf"][1]
    assert all("required" not in form for form in job["oneOf"])
    job["anyOf"] = job.pop("oneOf")


def instance_is_a_reference(document):
    """Problem details: `instance` said to be a URI; RFC 7807 §3.1, which it follows, has a URI reference."""
    instance = document["components"]["schemas"]["RFC7807ProblemResponseBody"]["properties"]["instance"]
    assert instance["format"] == "uri"
    instance["format"] = "uri-reference"


def media_of_400(document):
    """`400` of subscriptions and of named queries' events: plain JSON, where every other error is problem+json."""
    content = document["components"]["responses"]["400SubscriptionIssues"]["content"]
    assert "application/problem+json" not in content
    content["application/problem+json"] = content.pop("application/json")


def types_of_400(document):
    """`400` of subscriptions and of named queries' events: lacks the exceptions of a query (§8.2.5)."""
    for media in document["components"]["responses"]["400SubscriptionIssues"]["content"].values():
        names = media["schema"]["allOf"][0]["properties"]["type"]["enum"]
        assert "epcisException:QueryParameterException" not in names
        names += ["epcisException:QueryParameterException", "epcisException:QueryValidationException"]


def missing_400(document):
    """No `400` where parameters or a body can be wrong: QueryParameterException and ValidationException
    (§8.2.5) have no answer of theirs there, though `400QueryIssues` defines it."""
    missing = 0
    for path, item in document["paths"].items():
        issues = "400SubscriptionIssues" if "/subscriptions" in path else "400QueryIssues"
        for method, operation in item.items():
            if method == "parameters" or "400" in operation["responses"]:
                continue
            if operation.get("parameters") or operation.get("requestBody") or "parameters" in item:
                operation["responses"]["400"] = {"$ref": f"#/components/responses/{issues}"}
                missing += 1
    assert missing > 0


def secret_is_called_token(document):
    """Subscriptions: `secret` is required and is no property; what its example has is `signatureToken`."""
    subscription = document["components"]["schemas"]["AbstractQuerySubscription"]
    assert subscription["required"] == ["dest", "secret"] and "secret" not in subscription["properties"]
    subscription["required"].remove("secret")


def location_is_a_reference(document):
    """`Location` of a subscription: said to be a URI; RFC 9110 §10.2.2 has a URI reference, and the document
    itself a relative one for captures, events and queries."""
    responses = document["paths"]["/queries/{queryName}/subscriptions"]["post"]["responses"]
    location = responses["201"]["headers"]["Location"]
    assert location["schema"]["format"] == "uri"
    location["schema"]["format"] = "uri-reference"


def one_query(document):
    """`GET /queries/{queryName}`: said to be a list of queries; its own example, and its summary, is one."""
    media = document["paths"]["/queries/{queryName}"]["get"]["responses"]["200"]["content"]["application/json"]
    assert media["schema"]["type"] == "array" and isinstance(media["example"], dict)
    media["schema"] = media["schema"]["items"]


def disposition_is_a_uri(document):
    """`{disposition}`: said to be a URI; its example, `in_progress`, is none, and nothing else can be made of it."""
    disposition = document["components"]["parameters"]["Disposition"]
    assert disposition["schema"]["format"] == "uri" and ":" not in disposition["example"]
    disposition["example"] = "urn:epcglobal:cbv:disp:in_progress"


CORRECTIONS = [
    status_of_409,
    type_of_404,
    link_is_no_uri,
    extensions_are_text,
    errors_or_file,
    instance_is_a_reference,
    media_of_400,
    types_of_400,
    missing_400,
    secret_is_called_token,
    location_is_a_reference,
    one_query,
    disposition_is_a_uri,
]


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for correct in CORRECTIONS:
        correct(raw_schema)


# ---------------------------------------------------------------- what schemas cannot say

REJECTED_VALID = "ST202"
ACCEPTED_INVALID = "ST201"


def problem(response):
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def version(case, response, said):
    """A version is one there is: the schema takes any number; 406 is what the document has for it"""
    return response.status_code == 406 and "version" in said.get("detail", "")


def token(case, response, said):
    """A page token is one that was given out: the schema takes any text"""
    return said.get("parameter") == "nextPageToken" or "nextPageToken" in said.get("detail", "")


def page(case, response, said):
    """perPage is a positive number: the schema takes any integer"""
    return said.get("parameter") == "perPage" or said.get("detail", "").startswith("perPage=")


# Reasons of a refused capture that no schema of the document can give, each with its clause. What the
# schemas do say (fields that are missing, unknown, or of another type) is none of them: a body they allow
# that is refused for it is a failure.
BEYOND = {
    "bad_check_digit": "identifier (TDS 2.0 §6, §7)",
    "bad_length": "identifier (TDS 2.0 §6, §7)",
    "bad_character": "identifier (TDS 2.0 §6, §7)",
    "unknown_scheme": "identifier (TDS 2.0 §6, §7)",
    "unknown_ai": "identifier (GS1 Digital Link 1.2 §4)",
    "bad_date": "identifier (GS1 General Specifications 3)",
    "bad_association": "identifier (GS1 General Specifications 4.14)",
    "malformed": "identifier (TDS 2.0 §6, §7)",
    "not_an_instance": "a class in a list of instances (EPCIS 2.0 §7.4.2, CBV 2.0 §8.2)",
    "not_a_class": "an instance as a class (EPCIS 2.0 §7.3.3, CBV 2.0 §8.3)",
    "unknown_vocabulary": "a CBV address the CBV does not have (CBV 2.0 §7)",
    "undeclared_prefix": "an extension without namespace (EPCIS 2.0 §10.2)",
    "unknown_field": "a field of no namespace that the standard does not have (EPCIS 2.0 §10.2)",
    "nothing_observed": "an event about nothing (EPCIS 2.0 §7.4.2)",
    "ilmd_not_allowed": "ILMD where nothing begins (EPCIS 2.0 §7.4.2)",
    "event_time_before_1990": "a clock that is wrong",
    "event_time_in_future": "a clock that is wrong",
}


def captured(case, response, said):
    """What an event must be beyond its schema"""
    if response.status_code != 400 or case.method != "POST" or case.path not in ("/capture", "/events"):
        return False
    errors = said.get("errors", [])
    if case.path == "/events" and [error.get("place") for error in errors] == ["@context"]:
        return "an event alone has its @context (EPCIS 2.0 §10.1)" if "required" in said["detail"] else False
    reasons = {error.get("reason") for error in errors}
    if not reasons or not reasons <= BEYOND.keys():
        return False
    return "; ".join(sorted(BEYOND[reason] for reason in reasons))


# Parameters whose schema takes any URI or text where §8.2.7.1 wants an identifier, pattern or word.
IDENTIFIERS = ("MATCH_", "EQ_readPoint", "WD_readPoint", "EQ_bizLocation", "WD_bizLocation")
WORDS = ("EQ_bizStep", "EQ_disposition", "EQ_persistentDisposition_", "EQ_errorReason", "EQ_type")


def parameter(case, response, said):
    """What a parameter must be beyond its schema (§8.2.7.1)"""
    if response.status_code != 400 or said.get("type") != "epcisException:QueryParameterException":
        return False
    name, detail = said.get("parameter", ""), said.get("detail", "")
    if "none may be empty" in detail or "a value is expected" in detail:
        return "an empty text is no value"
    if name.startswith(IDENTIFIERS) and detail.startswith(f'{name}: "'):
        return "an identifier or a pattern of identifiers"
    if name.startswith(WORDS) and "is not in the Core Business Vocabulary" in detail:
        return "a word of the CBV or a URI"
    if name == "orderBy" and ("is neither eventTime" in detail or "orders by eventTime" in detail):
        return "a field events can be ordered by"
    if name in ("eventCountLimit", "maxEventCount") and "is not a whole number from 1" in detail:
        return "a count is positive"
    if name == "eventCountLimit" and ("excludes maxEventCount" in detail or "only taken with orderBy" in detail):
        return "eventCountLimit goes with orderBy and without maxEventCount"
    if "is what the address already says" in detail:
        return "what a resource's address says is not said again"
    return False


def stream(case, response, said):
    """The parameters of a stream are for a WebSocket: the document has one operation for both"""
    return response.status_code == 400 and said.get("detail", "").endswith("is for a WebSocket: send Upgrade: websocket")


def named(case, response, said):
    """What a query must be: the schema of `query` says nothing, that of `name` takes any text"""
    return response.status_code == 400 and case.path == "/queries" and case.method == "POST"


def schedule(case, response, said):
    """A schedule says when (§8.2.5.3): the schema takes one that says nothing"""
    return (
        response.status_code == 400
        and said.get("type") == "epcisException:SubscriptionControlsException"
        and said.get("parameter") == "schedule"
    )


def control(case, response, said):
    """A member that is no control is refused: ignored, a misspelled one would change what is sent; the schema
    takes any besides its own"""
    return (
        response.status_code == 400
        and said.get("type") == "epcisException:SubscriptionControlsException"
        and "here; there are: dest, " in said.get("detail", "")
    )


def behaviour(case, response, said):
    """A capture either rolls back or proceeds: `all` is what OPTIONS answers, in the same schema"""
    return response.status_code == 400 and said.get("detail", "").startswith('GS1-Capture-Error-Behaviour: "all"')


def extensions(case, response, said):
    """GS1-Extensions has namespaces by prefix: the schema takes objects of anything"""
    return response.status_code == 400 and said.get("parameter") == "GS1-Extensions"


def methods(case, response, said):
    """OPTIONS tells the methods of a kind of resource, whichever one is named"""
    return response.status_code == 204 and case.method == "OPTIONS"


STATED = {
    REJECTED_VALID: [version, token, page, captured, parameter, stream, named, schedule, control, behaviour, extensions],
    ACCEPTED_INVALID: [methods],
}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    said = problem(response)
    for stated in STATED.get(failure.code, []):
        if found := stated(case, response, said):
            which = f": {found}" if isinstance(found, str) else ""
            with open(os.environ["CONFORMANCE_KNOWN"], "a", encoding="utf-8") as file:
                file.write(f"{stated.__doc__}{which}\n")
            return False
    return True


# ---------------------------------------------------------------- what is there to be found

COLLECTIONS = {
    "epc": "epcs",
    "bizStep": "bizSteps",
    "bizLocation": "bizLocations",
    "readPoint": "readPoints",
    "disposition": "dispositions",
}


def ask(path):
    request = urllib.request.Request(os.environ["CONFORMANCE_QUERY"] + path)
    request.add_header("x-api-key", os.environ["CONFORMANCE_KEY"])
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def one_of(name):
    """A value of a path's parameter that the services know."""
    if name in COLLECTIONS:
        return ask(f"/{COLLECTIONS[name]}?perPage=1")["member"][0]
    if name == "eventID":
        events = ask("/events?perPage=1")["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        return events[0]["eventID"]
    return None


@schemathesis.hook
def before_add_examples(context, examples):
    """Beside the document's examples, one of something that is there."""
    names = [p.name for p in context.operation.path_parameters]
    if len(names) == 1 and (value := one_of(names[0])) is not None:
        examples.append(context.operation.Case(path_parameters={names[0]: value}))
