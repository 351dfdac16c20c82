// The AWS SDK for JavaScript, set up as docs/clients-s3.md says.

import { createReadStream, createWriteStream } from "node:fs";
import { Agent } from "node:http";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  NoSuchKey,
  paginateListObjectsV2,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
  waitUntilBucketExists,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { ADDRESS, KEY_ID, refusal, SECRET, tell } from "./stories.mjs";

const settings = {
  region: "us-east-1",
  credentials: { accessKeyId: KEY_ID, secretAccessKey: SECRET },
  maxAttempts: 1,
};
const s3 = new S3Client({ ...settings, endpoint: ADDRESS, forcePathStyle: true });

const text = (got) => got.Body.transformToString();

async function buckets({ Bucket }) {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await waitUntilBucketExists({ client: s3, maxWaitTime: 10 }, { Bucket });
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket }));
  await s3.send(new DeleteBucketCommand({ Bucket }));
  return {
    listed: Buckets.some(({ Name }) => Name === Bucket),
    location: LocationConstraint ?? null,
    gone: await refusal(s3.send(new ListObjectsV2Command({ Bucket }))),
  };
}

async function object({ Bucket }) {
  const at = { Bucket, Key: "2026/écran d'été +1 (a)!*.txt" };
  const put = await s3.send(
    new PutObjectCommand({
      ...at,
      Body: "a picture of nothing",
      ContentType: "text/plain; charset=utf-8",
      CacheControl: "max-age=60",
      Metadata: { Title: "A cat", word: "=?UTF-8?Q?=C3=A9cran?=" },
    }),
  );
  const got = await s3.send(new GetObjectCommand(at));
  const part = await s3.send(new GetObjectCommand({ ...at, Range: "bytes=2-8" }));
  const head = await s3.send(new HeadObjectCommand({ ...at, ChecksumMode: "ENABLED" }));
  const attributes = await s3.send(
    new GetObjectAttributesCommand({ ...at, ObjectAttributes: ["ObjectSize", "Checksum"] }),
  );
  const copy = { Bucket, Key: "copy +é.txt" };
  await s3.send(new CopyObjectCommand({ ...copy, CopySource: `${Bucket}/${encodeURIComponent(at.Key)}` }));
  const again = s3.send(new PutObjectCommand({ ...at, Body: "again", IfNoneMatch: "*" }));
  const exists = await refusal(again);
  const copied = await s3.send(new GetObjectCommand(copy));
  await s3.send(new DeleteObjectCommand(at));
  const missing = await s3.send(new GetObjectCommand(at)).catch((error) => error instanceof NoSuchKey);
  return {
    text: await text(got),
    part: [await text(part), part.ContentRange],
    type: got.ContentType,
    metadata: got.Metadata,
    etags: [put.ETag, got.ETag, head.ETag, copied.ETag],
    checksums: [put.ChecksumCRC32, head.ChecksumCRC32, attributes.Checksum.ChecksumCRC32],
    size: attributes.ObjectSize,
    exists,
    copied: [await text(copied), copied.CacheControl, copied.Metadata.title],
    missing,
    head: await refusal(s3.send(new HeadObjectCommand(at))),
  };
}

async function streams({ Bucket, algorithms }) {
  // A stream is sent in chunks with its checksum behind, whatever the algorithm.
  const told = {};
  for (const ChecksumAlgorithm of algorithms) {
    const Body = new PassThrough();
    Body.end("streamed");
    const at = { Bucket, Key: `streamed-${ChecksumAlgorithm}` };
    const put = await s3.send(new PutObjectCommand({ ...at, Body, ContentLength: 8, ChecksumAlgorithm }));
    const got = await s3.send(new GetObjectCommand({ ...at, ChecksumMode: "ENABLED" }));
    const name = `Checksum${ChecksumAlgorithm}`;
    told[ChecksumAlgorithm] = [await text(got), put[name], got[name], got.ContentEncoding ?? null];
  }
  return told;
}

async function film({ Bucket, path, back }) {
  const at = { Bucket, Key: "films/a film.bin" };
  const upload = new Upload({
    client: s3,
    params: { ...at, Body: createReadStream(path), ContentType: "video/mp4" },
    partSize: 5 << 20,
    queueSize: 4,
  });
  let loaded = 0;
  upload.on("httpUploadProgress", (progress) => (loaded = Math.max(loaded, progress.loaded)));
  const done = await upload.done();
  const got = await s3.send(new GetObjectCommand(at));
  await pipeline(got.Body, createWriteStream(back));
  return { loaded, etag: done.ETag, type: got.ContentType, location: done.Location };
}

async function aborted({ Bucket, path }) {
  const params = { Bucket, Key: "films/aborted.bin", Body: createReadStream(path) };
  const upload = new Upload({ client: s3, params, partSize: 5 << 20, queueSize: 1 });
  upload.on("httpUploadProgress", () => upload.abort());
  const [how] = await refusal(upload.done());
  // It tells at once, and cleans up behind.
  let left;
  do {
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    left = (Uploads ?? []).length;
  } while (left > 0);
  return { how, left };
}

async function tree({ Bucket, files }) {
  await Promise.all(
    files.map(({ Key, path, size }) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body: createReadStream(path), ContentLength: size })),
    ),
  );
  const listed = [];
  let pages = 0;
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 10 }, { Bucket, Prefix: "tree/" })) {
    listed.push(...page.Contents.map(({ Key, Size }) => [Key, Size]));
    pages += 1;
  }
  const folders = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "tree/", Delimiter: "/" }));
  const Objects = listed.map(([Key]) => ({ Key }));
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  return {
    listed,
    pages,
    folders: folders.CommonPrefixes.map(({ Prefix }) => Prefix),
    deleted: Deleted.length,
    errors: Errors ?? [],
  };
}

async function presigned({ Bucket, Key }) {
  const at = { Bucket, Key };
  const sign = (command, options) => getSignedUrl(s3, command, { expiresIn: 60, ...options });
  return {
    put: await sign(new PutObjectCommand({ ...at, ContentType: "image/png", Metadata: { by: "link" } }), {
      signableHeaders: new Set(["content-type"]),
    }),
    get: await sign(new GetObjectCommand({ ...at, ResponseContentDisposition: 'attachment; filename="a b.png"' })),
    head: await sign(new HeadObjectCommand(at)),
    delete: await sign(new DeleteObjectCommand(at)),
  };
}

async function virtualHosts({ Bucket, endpoint }) {
  // As a wildcard record would have it; not every resolver knows `.localhost`.
  const lookup = (_, options, answer) =>
    options.all ? answer(null, [{ address: "127.0.0.1", family: 4 }]) : answer(null, "127.0.0.1", 4);
  const client = new S3Client({ ...settings, endpoint, requestHandler: { httpAgent: new Agent({ lookup }) } });
  const at = { Bucket, Key: "by host/é.txt" };
  await client.send(new PutObjectCommand({ ...at, Body: "by host" }));
  return await text(await client.send(new GetObjectCommand(at)));
}

async function versions({ Bucket }) {
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  const at = { Bucket, Key: "a b+é" };
  const first = await s3.send(new PutObjectCommand({ ...at, Body: "first", Tagging: "place=Z%C3%BCrich" }));
  const second = await s3.send(new PutObjectCommand({ ...at, Body: "second" }));
  const marker = await s3.send(new DeleteObjectCommand(at));
  const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  const { TagSet } = await s3.send(new GetObjectTaggingCommand({ ...at, VersionId: first.VersionId }));
  const of = { ...at, VersionId: second.VersionId };
  const RetainUntilDate = new Date(Math.floor(Date.now() / 1000) * 1000 + 86_400_000);
  await s3.send(new PutObjectRetentionCommand({ ...of, Retention: { Mode: "GOVERNANCE", RetainUntilDate } }));
  const { Retention } = await s3.send(new GetObjectRetentionCommand(of));
  const locked = await refusal(s3.send(new DeleteObjectCommand(of)));
  await s3.send(new DeleteObjectCommand({ ...of, BypassGovernanceRetention: true }));
  return {
    listed: Versions.map(({ VersionId }) => VersionId),
    put: [second.VersionId, first.VersionId],
    markers: [DeleteMarkers.map(({ VersionId }) => VersionId), [marker.VersionId]],
    old: await text(await s3.send(new GetObjectCommand({ ...at, VersionId: first.VersionId }))),
    tags: TagSet,
    kept: Retention.RetainUntilDate.getTime() === RetainUntilDate.getTime(),
    locked,
  };
}

async function configuration({ Bucket }) {
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/open/*` }],
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const CORSRules = [{ AllowedMethods: ["GET", "PUT"], AllowedOrigins: ["https://example.com"], AllowedHeaders: ["*"] }];
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  const Rules = [{ ID: "tmp", Status: "Enabled", Filter: { Prefix: "tmp/" }, Expiration: { Days: 1 } }];
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  const Tagging = { TagSet: [{ Key: "place", Value: "Zürich" }] };
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging }));
  const told = {
    policy: (await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy === Policy,
    cors: (await s3.send(new GetBucketCorsCommand({ Bucket }))).CORSRules,
    rules: (await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules,
    tags: (await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet,
  };
  await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  return { ...told, gone: await refusal(s3.send(new GetBucketPolicyCommand({ Bucket }))) };
}

await tell({ buckets, object, streams, film, aborted, tree, presigned, virtualHosts, versions, configuration });
