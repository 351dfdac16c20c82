"""Keys, tokens and what they allow, over the server."""

import base64

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES, BUCKET_KEY_CAPABILITIES
from calotype.b2 import credentials
from calotype.b2.json import AccountAuthorization, Allowed, ApiInfo, StorageApi, authorization_answer

DAY_MS = 86_400_000


async def test_authorize_in_version_1_is_flat_and_names_the_minimum_part_size(origin):
    bucket_id = await origin.bucket("photographs")
    key = await origin.restricted_key({"writeFiles", "listBuckets"}, bucket_id, prefix="sharex/")
    answer = (await origin.authorize(key, version=1)).json
    token = answer.pop("authorizationToken")
    assert token.isascii()
    assert len(token) <= 200
    assert answer == {
        "accountId": origin.account_id,
        "apiUrl": "http://b2.example:9000",
        "downloadUrl": "http://b2.example:9000",
        "s3ApiUrl": "http://b2.example:9000",
        "recommendedPartSize": 100_000_000,
        "absoluteMinimumPartSize": 5_000_000,
        "minimumPartSize": 100_000_000,
        "allowed": {
            "bucketId": bucket_id,
            "bucketName": "photographs",
            "capabilities": ["listBuckets", "writeFiles"],
            "namePrefix": "sharex/",
        },
    }


async def test_authorize_in_version_2_drops_the_minimum_part_size(origin):
    answer = (await origin.authorize(version=2)).json
    assert "minimumPartSize" not in answer
    assert answer["allowed"] == {
        "bucketId": None,
        "bucketName": None,
        "capabilities": sorted(ALL_CAPABILITIES),
        "namePrefix": None,
    }


async def test_authorize_in_version_3_nests_everything_in_the_storage_api(origin):
    bucket_id = await origin.bucket("photographs")
    key = await origin.restricted_key({"readFiles"}, bucket_id, valid_ms=60_000)
    answer = (await origin.authorize(key, version=3)).json
    assert answer.keys() == {"accountId", "authorizationToken", "applicationKeyExpirationTimestamp", "apiInfo"}
    assert answer["applicationKeyExpirationTimestamp"] == origin.now_ms + 60_000
    assert answer["apiInfo"]["storageApi"] == {
        "apiUrl": "http://b2.example:9000",
        "downloadUrl": "http://b2.example:9000",
        "s3ApiUrl": "http://b2.example:9000",
        "recommendedPartSize": 100_000_000,
        "absoluteMinimumPartSize": 5_000_000,
        "capabilities": ["readFiles"],
        "namePrefix": None,
        "bucketId": bucket_id,
        "bucketName": "photographs",
        "infoType": "storageApi",
    }


async def test_authorize_in_version_4_lists_the_allowed_buckets(origin):
    first, second = await origin.bucket("photographs"), await origin.bucket("drawings")
    key = await origin.restricted_key({"readFiles"}, first, second)
    await origin.call("b2_delete_bucket", accountId=origin.account_id, bucketId=second)
    storage = (await origin.authorize(key, version=4)).json["apiInfo"]["storageApi"]
    assert storage["allowed"]["capabilities"] == ["readFiles"]
    assert storage["allowed"]["namePrefix"] is None
    assert sorted(storage["allowed"]["buckets"], key=lambda bucket: bucket["id"]) == sorted(
        [{"id": first, "name": "photographs"}, {"id": second, "name": None}], key=lambda bucket: bucket["id"]
    )
    unlimited = (await origin.authorize(version=4)).json["apiInfo"]["storageApi"]["allowed"]
    assert unlimited == {"buckets": None, "capabilities": sorted(ALL_CAPABILITIES), "namePrefix": None}


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_key_for_several_buckets_is_unsupported_before_version_4(origin, version):
    key = await origin.restricted_key(
        {"readFiles"}, await origin.bucket("photographs"), await origin.bucket("drawings")
    )
    assert (await origin.authorize(key, version=version)).error[:2] == (401, "unsupported")


async def test_the_account_id_stands_for_the_master_keys_id(origin):
    """b2.md §1.2. It opens what the master key's own id opens, and with no other secret."""
    other = await origin.restricted_key({"readFiles"})
    for version in (1, 2, 3, 4):
        basic = base64.b64encode(f"{origin.account_id}:{origin.owner.secret}".encode()).decode()
        answer = await origin.send(
            "GET", f"/b2api/v{version}/b2_authorize_account", {"authorization": f"Basic {basic}"}
        )
        assert answer.json["accountId"] == origin.account_id
    for identity in (f"{origin.account_id}:{other.secret}", f"00000000000f:{origin.owner.secret}"):
        basic = base64.b64encode(identity.encode()).decode()
        answer = await origin.send("GET", "/b2api/v4/b2_authorize_account", {"authorization": f"Basic {basic}"})
        assert answer.error == (401, "unauthorized", credentials.WRONG_KEY)


async def test_authorize_takes_post_with_an_empty_object_or_nothing(origin):
    basic = (await origin.authorize()).status
    assert basic == 200
    for content in (b"", b"{}"):
        answer = await origin.send(
            "POST",
            "/b2api/v4/b2_authorize_account",
            {"authorization": f"Basic {basic_of(origin.owner)}"},
            content,
        )
        assert answer.status == 200


def basic_of(key, secret=None):
    return base64.b64encode(f"{key.key_id}:{secret or key.secret}".encode()).decode()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        *((header, credentials.KEY_NEEDED) for header in (None, "Basic", "Basic !!", "Bearer x")),
        ("WRONG_SECRET", credentials.WRONG_KEY),
        ("UNKNOWN_ID", credentials.WRONG_KEY),
    ],
)
async def test_wrong_credentials_are_unauthorized_in_json_and_in_words(origin, header, message):
    if header == "WRONG_SECRET":
        header = f"Basic {basic_of(origin.owner, 'K001wrong')}"
    if header == "UNKNOWN_ID":
        header = "Basic MDAxYWFiYmNjZGRlZWZmMDAwMDAwMDAwNzpLMDAx"
    headers = {} if header is None else {"authorization": header}
    answer = await origin.send("GET", "/b2api/v1/b2_authorize_account", headers)
    assert answer.error == (401, "unauthorized", message)


async def test_an_expired_key_no_longer_authorizes_and_its_token_has_expired(origin):
    key = await origin.restricted_key({"listBuckets"}, valid_ms=1_000)
    token = await origin.token(key)
    origin.now_ms += 1_000
    assert (await origin.authorize(key)).error == (401, "unauthorized", "The application key has expired")
    answer = await origin.send("POST", "/b2api/v4/b2_list_buckets", {"authorization": token}, b"{}")
    assert answer.error[:2] == (401, "expired_auth_token")


async def test_an_account_token_lives_a_day(origin):
    token = await origin.token()
    content = f'{{"accountId": "{origin.account_id}"}}'.encode()
    origin.now_ms += DAY_MS - 1
    assert (await origin.send("POST", "/b2api/v4/b2_list_buckets", {"authorization": token}, content)).status == 200
    origin.now_ms += 1
    answer = await origin.send("POST", "/b2api/v4/b2_list_buckets", {"authorization": token}, content)
    assert answer.error[:2] == (401, "expired_auth_token")


async def test_authorizing_again_gives_another_token_and_leaves_the_first_valid(origin):
    first, second = await origin.token(), await origin.token()
    assert first != second
    content = f'{{"accountId": "{origin.account_id}"}}'.encode()
    for token in (first, second):
        answer = await origin.send("POST", "/b2api/v4/b2_list_buckets", {"authorization": token}, content)
        assert answer.status == 200


async def test_deleting_a_key_kills_every_token_made_from_it(origin):
    bucket_id = await origin.bucket()
    file_id = await origin.put(bucket_id, "a.png")
    key = await origin.restricted_key(BUCKET_KEY_CAPABILITIES, bucket_id)
    account_token = await origin.token(key)
    upload = (await origin.call("b2_get_upload_url", key=key, bucketId=bucket_id)).json
    download = (
        await origin.call(
            "b2_get_download_authorization",
            key=key,
            bucketId=bucket_id,
            fileNamePrefix="",
            validDurationInSeconds=60,
        )
    ).json["authorizationToken"]
    assert (await origin.send("GET", f"/file/photographs/a.png?Authorization={download}")).status == 200

    assert (await origin.call("b2_delete_key", applicationKeyId=key.key_id)).status == 200

    info = await origin.send("GET", f"/b2api/v4/b2_get_file_info?fileId={file_id}", {"authorization": account_token})
    assert info.error[:2] == (401, "bad_auth_token")
    path = upload["uploadUrl"].removeprefix("http://b2.example:9000")
    put = await origin.send("POST", path, {"authorization": upload["authorizationToken"]}, b"x")
    assert put.error[:2] == (401, "bad_auth_token")
    get = await origin.send("GET", f"/file/photographs/a.png?Authorization={download}")
    assert get.error[:2] == (401, "bad_auth_token")


async def test_every_token_fits_in_200_characters_of_ascii(origin):
    """b2.md §2.2. A download token carries its prefix and overrides beyond that."""
    bucket_id = await origin.bucket()
    share = {"bucketId": bucket_id, "fileNamePrefix": "2024/", "validDurationInSeconds": 9}
    made = [
        await origin.authorize(),
        await origin.call("b2_get_upload_url", bucketId=bucket_id),
        await origin.call("b2_get_upload_part_url", fileId=await origin.start(bucket_id)),
        await origin.call("b2_get_download_authorization", **share),
    ]
    tokens = [answer.json["authorizationToken"] for answer in made]
    assert [token.rpartition("_")[2] for token in tokens] == ["acct", "upld", "uplg", "dnld"]
    assert all(len(token) <= 200 and token.isascii() for token in tokens)


@pytest.mark.parametrize("token", ["nonsense", "4_abc_acct", "Basic eDp5"])
async def test_a_token_that_is_none_of_ours_is_bad(origin, token):
    answer = await origin.send("POST", "/b2api/v4/b2_list_buckets", {"authorization": token}, b"{}")
    assert answer.error == (401, "bad_auth_token", "Invalid authorization token")


async def test_a_call_without_a_token_is_unauthorized_before_its_body_is_looked_at(origin):
    answer = await origin.send("POST", "/b2api/v4/b2_list_buckets", {}, b"{")
    assert answer.error == (401, "unauthorized", credentials.TOKEN_NEEDED)


async def test_an_upload_token_opens_no_other_call_and_an_account_token_no_upload(origin):
    bucket_id = await origin.bucket()
    upload = (await origin.call("b2_get_upload_url", bucketId=bucket_id)).json
    answer = await origin.send(
        "POST", "/b2api/v4/b2_list_buckets", {"authorization": upload["authorizationToken"]}, b"{}"
    )
    assert answer.error[:2] == (401, "bad_auth_token")
    path = upload["uploadUrl"].removeprefix("http://b2.example:9000")
    answer = await origin.send("POST", path, {"authorization": await origin.token()}, b"x")
    assert answer.error[:2] == (401, "bad_auth_token")


async def test_a_created_key_comes_back_as_asked_with_its_secret_once(origin):
    bucket_id = await origin.bucket()
    made = (
        await origin.call(
            "b2_create_key",
            accountId=origin.account_id,
            capabilities=["writeFiles", "readFiles"],
            keyName="sharex",
            bucketIds=[bucket_id],
            namePrefix="2024/",
            validDurationInSeconds=60,
        )
    ).json
    assert made["applicationKey"].startswith("K001")
    assert len(made["applicationKey"]) == 31
    assert len(made["applicationKeyId"]) == 25
    assert (made["keyName"], set(made["capabilities"])) == ("sharex", {"readFiles", "writeFiles"})
    assert (made["bucketIds"], made["namePrefix"]) == ([bucket_id], "2024/")
    assert made["expirationTimestamp"] == origin.now_ms + 60_000
    listed = (await origin.call("b2_list_keys", accountId=origin.account_id)).json["keys"]
    del made["applicationKey"]
    assert made in listed
    assert all("applicationKey" not in key for key in listed)


async def test_before_version_4_a_key_has_one_bucket_id(origin):
    bucket_id = await origin.bucket()
    parameters = {"accountId": origin.account_id, "capabilities": ["readFiles"], "keyName": "old"}
    limited = (await origin.call("b2_create_key", version=2, bucketId=bucket_id, **parameters)).json
    assert limited["bucketId"] == bucket_id
    assert "bucketIds" not in limited
    free = (await origin.call("b2_create_key", version=1, bucketId=None, **parameters)).json
    assert free["bucketId"] is None


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"capabilities": []}, (400, "bad_request")),
        ({"capabilities": ["flyToTheMoon"]}, (400, "bad_request")),
        ({"keyName": ""}, (400, "bad_request")),
        ({"keyName": "no spaces"}, (400, "bad_request")),
        ({"keyName": "k" * 101}, (400, "bad_request")),
        ({"namePrefix": "2024/"}, (400, "bad_request")),  # a prefix without a bucket
        ({"bucketIds": []}, (400, "bad_request")),
        ({"bucketIds": ["0" * 24]}, (400, "bad_bucket_id")),
        ({"bucketIds": ["OWN"], "capabilities": ["writeKeys"]}, (400, "bad_request")),
        ({"bucketIds": ["OWN"], "capabilities": ["deleteBuckets"]}, (400, "bad_request")),
        ({"validDurationInSeconds": 0}, (400, "bad_request")),
        ({"validDurationInSeconds": 86_400_000}, (400, "bad_request")),
        ({"accountId": "000000000000"}, (401, "unauthorized")),
    ],
)
async def test_a_key_that_may_not_be_made_is_refused(origin, parameters, error):
    bucket_id = await origin.bucket()
    asked = {"accountId": origin.account_id, "capabilities": ["readFiles"], "keyName": "test", **parameters}
    asked["bucketIds"] = (
        [bucket_id if each == "OWN" else each for each in asked["bucketIds"]] if "bucketIds" in asked else None
    )
    before = len(await origin.store.list_keys(origin.account_id))
    assert (await origin.call("b2_create_key", **asked)).error[:2] == error
    assert len(await origin.store.list_keys(origin.account_id)) == before


async def test_keys_are_listed_in_pages_from_the_given_id_on(origin):
    everything = [(await origin.restricted_key({"readFiles"})).key_id for _ in range(4)]
    page = (await origin.call("b2_list_keys", accountId=origin.account_id, maxKeyCount=2)).json
    assert [key["applicationKeyId"] for key in page["keys"]] == everything[:2]
    assert page["nextApplicationKeyId"] == everything[2]
    rest = (
        await origin.call(
            "b2_list_keys", accountId=origin.account_id, startApplicationKeyId=page["nextApplicationKeyId"]
        )
    ).json
    assert [key["applicationKeyId"] for key in rest["keys"]] == everything[2:]
    assert rest["nextApplicationKeyId"] is None


async def test_one_key_is_looked_up_by_its_id_and_a_count_of_one(origin):
    """As b2sdk does (b2.md §1.5); an id that is gone gives the one after it."""
    first, second = [(await origin.restricted_key({"readFiles"})).key_id for _ in range(2)]

    async def found(start):
        asked = {"maxKeyCount": 1, "startApplicationKeyId": start}
        answer = await origin.call("b2_list_keys", accountId=origin.account_id, **asked)
        return [key["applicationKeyId"] for key in answer.json["keys"]]

    assert await found(second) == [second]
    assert await found(first) == [first]
    await origin.call("b2_delete_key", applicationKeyId=first)
    assert await found(first) == [second]


async def test_the_master_key_is_neither_listed_nor_deleted(origin):
    """b2.md §1.5, §2.2: its index is ten zeros."""
    assert origin.owner.key_id == f"001{origin.account_id}0000000000"
    for start in (None, "", origin.owner.key_id):
        answer = await origin.call("b2_list_keys", accountId=origin.account_id, startApplicationKeyId=start)
        assert answer.json == {"keys": [], "nextApplicationKeyId": None}
    answer = await origin.call("b2_delete_key", applicationKeyId=origin.owner.key_id)
    assert answer.error == (400, "bad_request", f"application key does not exist: {origin.owner.key_id}")


@pytest.mark.parametrize("count", [0, -1, 10_001])
async def test_a_key_count_out_of_range_is_refused(origin, count):
    answer = await origin.call("b2_list_keys", accountId=origin.account_id, maxKeyCount=count)
    assert answer.error[:2] == (400, "out_of_range")


async def test_versions_before_4_cannot_see_or_delete_a_key_for_several_buckets(origin):
    key = await origin.restricted_key(
        {"readFiles"}, await origin.bucket("photographs"), await origin.bucket("drawings")
    )
    for version, expected in ((3, False), (4, True)):
        listed = (await origin.call("b2_list_keys", version=version, accountId=origin.account_id)).json["keys"]
        assert (key.key_id in [each["applicationKeyId"] for each in listed]) is expected
    assert (await origin.call("b2_delete_key", version=3, applicationKeyId=key.key_id)).status == 400
    assert (await origin.call("b2_delete_key", version=4, applicationKeyId=key.key_id)).status == 200


async def test_deleting_an_unknown_key_says_which(origin):
    answer = await origin.call("b2_delete_key", applicationKeyId="001aabbccddeeff0000000099")
    assert answer.error == (400, "bad_request", "application key does not exist: 001aabbccddeeff0000000099")


def test_the_older_answers_are_made_from_the_newest_without_loss():
    allowed = Allowed(buckets=None, capabilities=["readFiles"], name_prefix=None)
    storage = StorageApi(
        api_url="http://a",
        download_url="http://d",
        s3_api_url="http://s",
        recommended_part_size=10,
        absolute_minimum_part_size=5,
        allowed=allowed,
    )
    account = AccountAuthorization(
        account_id="a", application_key_expiration_timestamp=None, authorization_token="t", api_info=ApiInfo(storage)
    )
    assert authorization_answer(account, 4) is account
    assert authorization_answer(account, 2)["downloadUrl"] == "http://d"
    assert authorization_answer(account, 1)["minimumPartSize"] == 10
