// aws4fetch, as a Worker would use it: one signed fetch after another, and links.

import { AwsClient } from "aws4fetch";
import { ADDRESS, KEY_ID, SECRET, tell } from "./stories.mjs";

const aws = new AwsClient({ accessKeyId: KEY_ID, secretAccessKey: SECRET, service: "s3", region: "us-east-1", retries: 0 });

const url = (bucket, key = "") => `${ADDRESS}/${bucket}${key && "/"}${key.split("/").map(encodeURIComponent).join("/")}`;

async function life({ bucket, key }) {
  const statuses = {};
  const told = {};
  statuses.made = (await aws.fetch(url(bucket), { method: "PUT" })).status;
  const put = await aws.fetch(url(bucket, key), {
    method: "PUT",
    body: "a picture of nothing",
    headers: { "content-type": "text/plain", "x-amz-meta-title": "A  cat" },
  });
  statuses.put = put.status;
  const got = await aws.fetch(url(bucket, key));
  told.got = [await got.text(), got.headers.get("content-type"), got.headers.get("x-amz-meta-title")];
  const part = await aws.fetch(url(bucket, key), { headers: { range: "bytes=2-8" } });
  told.part = [part.status, await part.text()];
  const unchanged = await aws.fetch(url(bucket, key), { headers: { "if-none-match": put.headers.get("etag") } });
  statuses.unchanged = unchanged.status;
  statuses.copied = (
    await aws.fetch(url(bucket, "copy"), {
      method: "PUT",
      headers: { "x-amz-copy-source": `/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}` },
    })
  ).status;
  const list = await aws.fetch(`${url(bucket)}?list-type=2&prefix=${encodeURIComponent(key.slice(0, 3))}&max-keys=10`);
  told.keys = [...(await list.text()).matchAll(/<Key>(.*?)<\/Key>/g)].map((match) => match[1]);
  const head = await aws.fetch(url(bucket, key), { method: "HEAD" });
  told.head = [head.status, head.headers.get("content-length")];
  statuses.deleted = (await aws.fetch(url(bucket, key), { method: "DELETE" })).status;
  statuses.copyDeleted = (await aws.fetch(url(bucket, "copy"), { method: "DELETE" })).status;
  const missing = await aws.fetch(url(bucket, key));
  statuses.missing = missing.status;
  told.code = (await missing.text()).match(/<Code>(.*?)<\/Code>/)[1];
  statuses.bucketDeleted = (await aws.fetch(url(bucket), { method: "DELETE" })).status;
  return { ...told, statuses };
}

async function parts({ bucket, key, sizes }) {
  const xml = async (answer, name) => (await answer.text()).match(new RegExp(`<${name}>(.*?)</${name}>`))[1];
  const at = url(bucket, key);
  const uploadId = await xml(await aws.fetch(`${at}?uploads`, { method: "POST" }), "UploadId");
  const done = [];
  for (const [index, size] of sizes.entries()) {
    const part = `${at}?partNumber=${index + 1}&uploadId=${uploadId}`;
    const answer = await aws.fetch(part, { method: "PUT", body: new Uint8Array(size).fill(index) });
    done.push(`<Part><PartNumber>${index + 1}</PartNumber><ETag>${answer.headers.get("etag")}</ETag></Part>`);
  }
  const body = `<CompleteMultipartUpload>${done.join("")}</CompleteMultipartUpload>`;
  const completed = await aws.fetch(`${at}?uploadId=${uploadId}`, { method: "POST", body });
  const etag = await xml(completed, "ETag");
  const head = await aws.fetch(at, { method: "HEAD" });
  return { etag, size: Number(head.headers.get("content-length")) };
}

async function links({ bucket, key }) {
  const link = async (method) => {
    const signed = await aws.sign(`${url(bucket, key)}?X-Amz-Expires=60`, { method, aws: { signQuery: true } });
    return signed.url;
  };
  return { put: await link("PUT"), get: await link("GET"), head: await link("HEAD") };
}

await tell({ life, parts, links });
