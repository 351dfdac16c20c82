"""The real `b2` command line tool: encryption, file lock, rules of buckets, keys, and large files left unfinished."""

import base64
import json
import time

import httpx
import pytest

from support.b2_tool import B2Tool

DAY_MS = 86_400_000
CUSTOMER_KEY = base64.b64encode(b"a customer's key of 32 bytes here"[:32]).decode()
OTHER_KEY = base64.b64encode(bytes(32)).decode()


@pytest.fixture(scope="module")
def b2(origin_program, tmp_path_factory) -> B2Tool:
    tool = B2Tool(origin_program.address, tmp_path_factory.mktemp("b2"))
    tool.authorize(origin_program.owner.key_id, origin_program.owner.application_key)
    return tool


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("the content")
    return str(path)


def test_a_file_is_encrypted_with_the_origins_key(b2, file):
    b2("bucket", "create", "cli-sse", "allPrivate", "--default-server-side-encryption", "SSE-B2")
    assert b2.json("bucket", "get", "cli-sse")["defaultServerSideEncryption"]["mode"] == "SSE-B2"
    b2("file", "upload", "--no-progress", "cli-sse", file, "by default")
    stated = ("--destination-server-side-encryption", "SSE-B2")
    b2("file", "upload", "--no-progress", *stated, "cli-sse", file, "as stated")
    for name in ("by default", "as stated"):
        info = b2.json("file", "info", f"b2://cli-sse/{name}")
        assert info["serverSideEncryption"] == {"algorithm": "AES256", "mode": "SSE-B2"}
        assert b2("file", "cat", "--no-progress", f"b2://cli-sse/{name}") == "the content"


def test_a_file_is_encrypted_with_a_customers_key_and_copied_to_another_key(b2, file):
    b2("bucket", "create", "cli-sse-c", "allPrivate")
    to_sse_c = ("--destination-server-side-encryption", "SSE-C")
    from_sse_c = ("--source-server-side-encryption", "SSE-C")
    named = {"B2_DESTINATION_SSE_C_KEY_B64": CUSTOMER_KEY, "B2_DESTINATION_SSE_C_KEY_ID": "first"}
    b2("file", "upload", "--no-progress", *to_sse_c, "cli-sse-c", file, "a", **named)
    with_key = {"B2_SOURCE_SSE_C_KEY_B64": CUSTOMER_KEY}
    assert b2("file", "cat", "--no-progress", *from_sse_c, "b2://cli-sse-c/a", **with_key) == "the content"
    without_key = b2("file", "cat", "--no-progress", "b2://cli-sse-c/a", fails=True)
    assert "Server Side Encryption" in without_key
    wrong = {"B2_SOURCE_SSE_C_KEY_B64": OTHER_KEY}
    b2("file", "cat", "--no-progress", *from_sse_c, "b2://cli-sse-c/a", fails=True, **wrong)

    rekeyed = {"B2_DESTINATION_SSE_C_KEY_B64": OTHER_KEY, "B2_DESTINATION_SSE_C_KEY_ID": "second"}
    copy = ("file", "server-side-copy", *from_sse_c, *to_sse_c, "--fetch-metadata")
    (listed,) = b2.json("ls", "--json", "b2://cli-sse-c")
    b2(*copy, f"b2id://{listed['fileId']}", "b2://cli-sse-c/copied", **with_key, **rekeyed)
    assert b2("file", "cat", "--no-progress", *from_sse_c, "b2://cli-sse-c/copied", **wrong) == "the content"
    copied = next(each for each in b2.json("ls", "--json", "b2://cli-sse-c") if each["fileName"] == "copied")
    assert copied["fileInfo"]["sse_c_key_id"] == "second"


def test_a_locked_file_stays_until_its_lock_is_taken_off(b2, file):
    until = int(time.time() * 1000) + DAY_MS
    b2("bucket", "create", "cli-lock", "allPrivate", "--file-lock-enabled")
    lock = ("--file-retention-mode", "governance", "--retain-until", str(until), "--legal-hold", "on")
    b2("file", "upload", "--no-progress", *lock, "cli-lock", file, "a")
    info = b2.json("file", "info", "b2://cli-lock/a")
    file_id = info["fileId"]
    assert info["fileRetention"] == {"mode": "governance", "retainUntilTimestamp": until}
    assert info["legalHold"] == "on"

    remove = ("rm", "--no-progress", "--versions", "b2://cli-lock/a")
    assert "Access Denied" in b2(*remove, fails=True)
    b2("file", "update", "--legal-hold", "off", f"b2id://{file_id}")
    b2(*remove, fails=True)
    shorter = ("file", "update", "--file-retention-mode", "governance", "--retain-until", str(until - 1000))
    assert "ERROR" in b2(*shorter, f"b2id://{file_id}", fails=True)
    b2(*shorter, "--bypass-governance", f"b2id://{file_id}")
    longer = ("file", "update", "--file-retention-mode", "governance", "--retain-until", str(until + 1000))
    b2(*longer, f"b2id://{file_id}")
    assert b2.json("file", "info", f"b2id://{file_id}")["fileRetention"]["retainUntilTimestamp"] == until + 1000
    b2("rm", "--no-progress", "--versions", "--bypass-governance", "b2://cli-lock/a")
    b2("bucket", "delete", "cli-lock")


def test_a_default_retention_locks_what_is_uploaded(b2, file):
    b2("bucket", "create", "cli-retention", "allPrivate", "--file-lock-enabled")
    default = ("--default-retention-mode", "compliance", "--default-retention-period", "2 days")
    b2("bucket", "update", "cli-retention", *default)
    retention = b2.json("bucket", "get", "cli-retention")["defaultRetention"]
    assert retention == {"mode": "compliance", "period": {"duration": 2, "unit": "days"}}
    before = int(time.time() * 1000)
    b2("file", "upload", "--no-progress", "cli-retention", file, "a")
    found = b2.json("file", "info", "b2://cli-retention/a")["fileRetention"]
    assert found["mode"] == "compliance"
    assert before + 2 * DAY_MS <= found["retainUntilTimestamp"] <= int(time.time() * 1000) + 2 * DAY_MS
    b2("rm", "--no-progress", "--versions", "--bypass-governance", "b2://cli-retention/a", fails=True)
    b2("bucket", "update", "cli-retention", "--default-retention-mode", "none")
    assert b2.json("bucket", "get", "cli-retention")["defaultRetention"] == {"mode": None}


def test_lock_needs_a_bucket_that_has_it(b2, file):
    b2("bucket", "create", "cli-lockless", "allPrivate")
    refused = b2("file", "upload", "--no-progress", "--legal-hold", "on", "cli-lockless", file, "a", fails=True)
    assert "file lock" in refused.lower()
    b2("bucket", "update", "cli-lockless", "--file-lock-enabled")
    b2("file", "upload", "--no-progress", "--legal-hold", "on", "cli-lockless", file, "a")


def test_rules_of_a_bucket_are_kept_as_they_are_given(b2):
    lifecycle = [
        {"daysFromHidingToDeleting": 1, "daysFromUploadingToHiding": None, "fileNamePrefix": "documents/"},
        {"daysFromHidingToDeleting": 2, "daysFromUploadingToHiding": 5, "fileNamePrefix": "pictures/"},
    ]
    cors = [
        {
            "corsRuleName": "downloadFromAnyOrigin",
            "allowedOrigins": ["https://*"],
            "allowedOperations": ["b2_download_file_by_name", "b2_upload_file"],
            "allowedHeaders": ["range"],
            "exposeHeaders": ["x-bz-content-sha1"],
            "maxAgeSeconds": 3600,
        }
    ]
    rules = [part for rule in lifecycle for part in ("--lifecycle-rule", json.dumps(rule))]
    b2("bucket", "create", "cli-rules", "allPrivate", *rules, "--cors-rules", json.dumps(cors))
    bucket = b2.json("bucket", "get", "cli-rules")
    kept = [{name: rule[name] for name in lifecycle[0]} for rule in bucket["lifecycleRules"]]
    assert sorted(kept, key=lambda rule: rule["fileNamePrefix"]) == lifecycle
    assert bucket["corsRules"] == cors
    fewer = ("--lifecycle-rule", json.dumps(lifecycle[0]))
    b2("bucket", "update", "cli-rules", "--cors-rules", "[]", *fewer)
    bucket = b2.json("bucket", "get", "cli-rules")
    assert (bucket["corsRules"], len(bucket["lifecycleRules"])) == ([], 1)


def test_replication_is_set_up_paused_and_deleted(b2):
    b2("bucket", "create", "cli-source", "allPrivate")
    b2("bucket", "create", "cli-destination", "allPrivate")
    b2("replication", "setup", "--name", "to-the-other", "cli-source", "cli-destination")
    destination = b2.json("bucket", "get", "cli-destination")
    (rule,) = b2.json("bucket", "get", "cli-source")["replication"]["asReplicationSource"]["replicationRules"]
    assert (rule["replicationRuleName"], rule["destinationBucketId"], rule["isEnabled"]) == (
        "to-the-other",
        destination["bucketId"],
        True,
    )
    assert destination["replication"]["asReplicationDestination"]["sourceToDestinationKeyMapping"]
    b2("replication", "pause", "cli-source", "to-the-other")
    (rule,) = b2.json("bucket", "get", "cli-source")["replication"]["asReplicationSource"]["replicationRules"]
    assert rule["isEnabled"] is False
    b2("replication", "unpause", "cli-source", "to-the-other")
    b2("replication", "delete", "cli-source", "to-the-other")
    source = b2.json("bucket", "get", "cli-source")["replication"]
    assert not (source["asReplicationSource"] or {}).get("replicationRules")


def test_notification_rules_are_made_changed_and_deleted(b2):
    b2("bucket", "create", "cli-events", "allPrivate")
    rule = ("bucket", "notification-rule")
    target = ("--event-type", "b2:ObjectCreated:*", "--webhook-url", "https://example.com/hook")
    secret = ("--sign-secret", "a" * 32, "--custom-header", "X-From=origin")
    b2(*rule, "create", *target, *secret, "b2://cli-events/pictures/", "new-pictures")
    (made,) = json.loads(b2(*rule, "list", "--json", "b2://cli-events"))
    assert (made["name"], made["objectNamePrefix"], made["eventTypes"]) == (
        "new-pictures",
        "pictures/",
        ["b2:ObjectCreated:*"],
    )
    assert made["targetConfiguration"]["url"] == "https://example.com/hook"
    assert made["targetConfiguration"]["customHeaders"] == [{"name": "X-From", "value": "origin"}]
    assert (made["isEnabled"], made["isSuspended"], made["suspensionReason"]) == (True, False, "")
    b2(*rule, "disable", "b2://cli-events", "new-pictures")
    b2(*rule, "update", "--event-type", "b2:HideMarkerCreated:*", "b2://cli-events/films/", "new-pictures")
    (changed,) = json.loads(b2(*rule, "list", "--json", "b2://cli-events"))
    assert (changed["isEnabled"], changed["eventTypes"]) == (False, ["b2:HideMarkerCreated:*"])
    b2(*rule, "delete", "b2://cli-events", "new-pictures")
    assert json.loads(b2(*rule, "list", "--json", "b2://cli-events")) == []


def test_a_link_with_a_token_opens_a_private_file_for_its_time(b2, origin_program, file):
    b2("bucket", "create", "cli-links", "allPrivate")
    b2("file", "upload", "--no-progress", "cli-links", file, "shared/a +é.txt")
    bare = b2("file", "url", "b2://cli-links/shared/a +é.txt").strip()
    assert httpx.get(bare).status_code == 401
    link = b2("file", "url", "--with-auth", "--duration", "60", "b2://cli-links/shared/a +é.txt").strip()
    assert httpx.get(link).text == "the content"
    assert httpx.get(link.replace("shared/a", "other/a")).status_code == 401
    token = b2("bucket", "get-download-auth", "--prefix", "shared/", "--duration", "60", "cli-links").strip()
    assert httpx.get(bare, headers={"Authorization": token}).text == "the content"


def test_a_key_of_several_buckets_opens_these_and_no_other(b2, origin_program, file, tmp_path):
    for name in ("cli-key-one", "cli-key-two", "cli-key-three"):
        b2("bucket", "create", name, "allPrivate")
        b2("file", "upload", "--no-progress", name, file, "a.txt")
    buckets = ("--bucket", "cli-key-one", "--bucket", "cli-key-two")
    key_id, secret = b2("key", "create", *buckets, "of-two", "listBuckets,listFiles,readFiles,writeFiles").split()
    limited = B2Tool(origin_program.address, tmp_path)
    limited.authorize(key_id, secret)
    for name in ("cli-key-one", "cli-key-two"):
        assert limited("file", "cat", "--no-progress", f"b2://{name}/a.txt") == "the content"
    limited("file", "cat", "--no-progress", "b2://cli-key-three/a.txt", fails=True)
    limited("bucket", "delete", "cli-key-one", fails=True)
    b2("key", "delete", key_id)


def test_unfinished_large_files_are_listed_and_cancelled(b2, origin_program, tmp_path):
    """They are begun as by a tool that was stopped: through the API."""
    b2("bucket", "create", "cli-unfinished", "allPrivate")
    bucket_id = b2.json("bucket", "get", "cli-unfinished")["bucketId"]
    basic = (origin_program.owner.key_id, origin_program.owner.application_key)
    account = httpx.get(f"{origin_program.address}/b2api/v4/b2_authorize_account", auth=basic).json()
    headers = {"Authorization": account["authorizationToken"]}

    def call(name: str, **asked):
        answer = httpx.post(f"{origin_program.address}/b2api/v4/{name}", headers=headers, json=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    begun = [
        call("b2_start_large_file", bucketId=bucket_id, fileName=name, contentType="b2/x-auto")["fileId"]
        for name in ("first.bin", "second.bin")
    ]
    place = call("b2_get_upload_part_url", fileId=begun[0])
    httpx.post(
        place["uploadUrl"],
        headers={
            "Authorization": place["authorizationToken"],
            "X-Bz-Part-Number": "1",
            "X-Bz-Content-Sha1": "do_not_verify",
        },
        content=b"part",
    ).raise_for_status()
    listed = b2("file", "large", "unfinished", "list", "b2://cli-unfinished")
    assert all(file_id in listed for file_id in begun)
    assert b2("file", "large", "parts", f"b2id://{begun[0]}").split()[:2] == ["1", "4"]
    b2("file", "large", "unfinished", "cancel", f"b2id://{begun[0]}")
    assert begun[0] not in b2("file", "large", "unfinished", "list", "b2://cli-unfinished")
    assert f"{begun[1]} canceled" in b2("file", "large", "unfinished", "cancel", "b2://cli-unfinished")
    b2("bucket", "delete", "cli-unfinished")
