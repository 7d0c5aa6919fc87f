/* The mistakes of lake, aws, s3 and what datasets say of Glue; as config_mistakes.h. */
#ifndef TR_TESTS_CONFIG_MISTAKES_LAKE_H
#define TR_TESTS_CONFIG_MISTAKES_LAKE_H

#include "config_mistakes.h"

#define S3_LAKE "lake: { location: s3://acme/prod }\n"
#define GLUE_LAKE "lake: { location: s3://acme/prod, catalog: glue }\n"

/* clang-format off */
static const struct config_mistake lake_mistakes[] = {
	/* lake */
	{ SOURCE "lake: { location: http://a/b }\n" ORDERS,
		"2:19 lake.location: expected a folder or s3://bucket/prefix, got `http://a/b` => write the "
		"path of a local folder, as ./lake, or s3://bucket/prefix\n" },
	{ SOURCE "lake: { location: 's3:///b' }\n" ORDERS,
		"2:20 lake.location: expected a folder or s3://bucket/prefix, got `s3:///b` => "
		"a bucket's name has 3 to 63 characters of a-z, 0-9, - and . ; a prefix has no empty, `.` or "
		"`..` parts\n" },
	{ SOURCE "lake: { location: 's3://' }\n" ORDERS,
		"2:20 lake.location: expected a folder or s3://bucket/prefix, got `s3://` => "
		"a bucket's name has 3 to 63 characters of a-z, 0-9, - and . ; a prefix has no empty, `.` or "
		"`..` parts\n" },
	{ SOURCE "lake: { location: 's3://My_Bucket!/x' }\n" ORDERS,
		"2:20 lake.location: expected a folder or s3://bucket/prefix, got `s3://My_Bucket!/x` => "
		"a bucket's name has 3 to 63 characters of a-z, 0-9, - and . ; a prefix has no empty, `.` or "
		"`..` parts\n" },
	{ SOURCE "lake: { location: 's3://ab/x' }\n" ORDERS,
		"2:20 lake.location: expected a folder or s3://bucket/prefix, got `s3://ab/x` => "
		"a bucket's name has 3 to 63 characters of a-z, 0-9, - and . ; a prefix has no empty, `.` or "
		"`..` parts\n" },
	{ SOURCE "lake: { location: 's3://bucket/a/../b' }\n" ORDERS,
		"2:20 lake.location: expected a folder or s3://bucket/prefix, got `s3://bucket/a/../b` => "
		"a bucket's name has 3 to 63 characters of a-z, 0-9, - and . ; a prefix has no empty, `.` or "
		"`..` parts\n" },
	{ SOURCE "lake: { location: 's3://bucket/a//b' }\n" ORDERS,
		"2:20 lake.location: expected a folder or s3://bucket/prefix, got `s3://bucket/a//b` => "
		"a bucket's name has 3 to 63 characters of a-z, 0-9, - and . ; a prefix has no empty, `.` or "
		"`..` parts\n" },
	{ SOURCE "lake: { location: '${NO_LAKE}' }\n" ORDERS,
		"2:20 lake.location: the environment variable `NO_LAKE` is not set => set it (export "
		"NO_LAKE=...), or write a default: ${NO_LAKE:-...}\n" },
	{ SOURCE "lake: { location: ~/lake }\n" ORDERS,
		"2:19 lake.location: `~` has no meaning in a path here => write ${HOME}/...\n" },
	{ SOURCE "lake: { location: '' }\n" ORDERS,
		"2:20 lake.location: expected a path, got an empty text => write a folder, as ./lake\n" },
	{ SOURCE "lake: { location: ./lake, catalog: glue }\n" ORDERS,
		"2:36 lake.catalog: Glue's tables are over files in S3, and the lake is a local folder => "
		"write `location: s3://bucket/prefix`, or `catalog: local`\n" },
	{ SOURCE "lake: { location: 's3://acme/a$${d}b', catalog: glue }\n"
		"datasets: { o: { inputs: { o: o } }, d: { inputs: { o: o }, partition_by: [ d ] } }\n",
		"2:20 lake.location: `${` in it would be taken for a key of the partitions of `d`, which Glue "
		"projects => write a location without `${`, or set `partitions: registered` for the datasets "
		"that are partitioned\n" },
	{ SOURCE "lake: { location: ./lake, catalog: hive }\n" ORDERS,
		"2:36 lake.catalog: expected local or glue, got `hive` => write one of these words\n" },
	{ SOURCE "lake: { location: ./lake, database: My-Shop }\n" ORDERS,
		"2:37 lake.database: expected a name, got `My-Shop` => a name has a-z, 0-9 and _, begins "
		"with a letter, and has at most 128 bytes\n" },
	{ SOURCE "lake: { catalog: local }\n" ORDERS,
		"2:1 lake: the key `location` is missing => add `location:`: " LOCATION_DOC "\n" },
	{ SOURCE "lake: { location: }\n" ORDERS,
		"2:9 lake.location: expected a path, got nothing => write a value, or leave the key out\n" },
	/* aws */
	{ SOURCE S3_LAKE "aws: { region: EU }\n" ORDERS,
		"3:16 aws.region: expected a region, got `EU` => write its short name, as eu-west-1\n" },
	{ SOURCE S3_LAKE "aws: { profile: '' }\n" ORDERS,
		"3:18 aws.profile: expected a text, got an empty one => write a value, or leave the key "
		"out\n" },
	{ SOURCE S3_LAKE "aws: { endpoint: localhost:9000 }\n" ORDERS,
		"3:18 aws.endpoint: expected the URL of a server, got `localhost:9000` => write https://host "
		"or http://host:port; credentials come from the environment or a profile\n" },
	{ SOURCE S3_LAKE "aws: { endpoint: \"https://key:hunter2@s3\" }\n" ORDERS,
		"3:19 aws.endpoint: expected the URL of a server, got `https://key:*******@s3` => write "
		"https://host or http://host:port; credentials come from the environment or a profile\n" },
	{ SOURCE S3_LAKE "aws: { endpoint: 'https://' }\n" ORDERS,
		"3:19 aws.endpoint: expected the URL of a server, got `https://` => write https://host or "
		"http://host:port; credentials come from the environment or a profile\n" },
	{ SOURCE S3_LAKE "aws: { ca_file: 'https://ca' }\n" ORDERS,
		"3:18 aws.ca_file: expected a path, got `https://ca` => write the path of a local file or "
		"folder\n" },
	{ SOURCE S3_LAKE "aws: { attempts: 0, connect_timeout: 1ms, stall_timeout: unlimited }\n" ORDERS,
		"3:18 aws.attempts: expected a whole number from 1 to 20, got `0` => write a number from 1 "
		"to 20\n"
		"3:38 aws.connect_timeout: expected a duration from 100ms to 10min, got `1ms` => write a "
		"number with its unit, as 500ms, 30s, 10min, 2h or 7d\n"
		"3:58 aws.stall_timeout: expected a duration from 1s to 1h, got `unlimited` => write a number "
		"with its unit, as 500ms, 30s, 10min, 2h or 7d\n" },
	{ SOURCE S3_LAKE "aws: { access_key: AKIA }\n" ORDERS,
		"3:8 aws: unknown key `access_key` => the keys here are region, profile, endpoint, ca_file, "
		"attempts, connect_timeout, stall_timeout\n" },
	/* s3 */
	{ SOURCE S3_LAKE "s3: { encryption: aes256 }\n" ORDERS,
		"3:19 s3.encryption: expected AES256 or aws:kms, got `aes256` => did you mean `AES256`?\n" },
	{ SOURCE S3_LAKE "s3: { kms_key: alias/lake }\n" ORDERS,
		"3:7 s3.kms_key: this key goes with `encryption: aws:kms` only => add `encryption: aws:kms`, "
		"or remove the key\n" },
	{ SOURCE S3_LAKE "s3: { encryption: AES256, kms_key: alias/lake }\n" ORDERS,
		"3:27 s3.kms_key: this key goes with `encryption: aws:kms` only => add `encryption: aws:kms`, "
		"or remove the key\n" },
	{ SOURCE S3_LAKE "s3: { storage_class: DEEP_ARCHIVE }\n" ORDERS,
		"3:22 s3.storage_class: objects in DEEP_ARCHIVE cannot be read without a restore => write "
		"GLACIER_IR, STANDARD_IA or INTELLIGENT_TIERING\n" },
	{ SOURCE S3_LAKE "s3: { storage_class: standard ia }\n" ORDERS,
		"3:22 s3.storage_class: expected a storage class, got `standard ia` => write its name in "
		"capitals, as STANDARD_IA or INTELLIGENT_TIERING\n" },
	{ SOURCE S3_LAKE "s3: { expected_bucket_owner: 1234 }\n" ORDERS,
		"3:30 s3.expected_bucket_owner: expected an account's id of 12 digits, got `1234` => write its "
		"digits in quotes, as \"111122223333\"\n" },
	{ SOURCE S3_LAKE "s3: { expected_bucket_owner: acme }\n" ORDERS,
		"3:30 s3.expected_bucket_owner: expected an account's id, got `acme` => write its digits in "
		"quotes, as \"111122223333\"\n" },
	{ SOURCE S3_LAKE "s3: { tags: [a] }\n" ORDERS,
		"3:13 s3.tags: expected tags, got a list => write `{ team: data }`\n" },
	{ SOURCE S3_LAKE "s3: { tags: { \"aws:x\": y, z: [a] } }\n" ORDERS,
		"3:16 s3.tags.aws:x: `aws:x` cannot be the key of a tag => a key has 1 to 128 characters and "
		"does not begin with `aws:`\n"
		"3:30 s3.tags.z: expected a text, got a list => a text with one of []{} in front needs "
		"quotes\n" },
	{ SOURCE S3_LAKE "s3: { tags: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1 } }\n"
			 ORDERS,
		"3:13 s3.tags: 11 tags are too many => an object in S3 has at most 10\n" },
	{ SOURCE S3_LAKE "s3: { part_size: 1MiB, uploads: 33 }\n" ORDERS,
		"3:18 s3.part_size: expected a size from 5MiB to 512MiB, got `1MiB` => write a number with its "
		"unit, as 512MiB, 2GiB or 80MB\n"
		"3:33 s3.uploads: expected a whole number from 1 to 32, got `33` => write a number from 1 to "
		"32\n" },
	/* datasets and Glue */
	{ SOURCE S3_LAKE ORDERS "    partitions: registered\n    adopt: true\n",
		"6:5 datasets.orders.partitions: only a Glue table has this, and lake.catalog is `local` => "
		"write `catalog: glue` under `lake`, or remove the key\n"
		"7:5 datasets.orders.adopt: only a Glue table has this, and lake.catalog is `local` => write "
		"`catalog: glue` under `lake`, or remove the key\n" },
	{ SOURCE GLUE_LAKE ORDERS "    partitions: both\n",
		"6:17 datasets.orders.partitions: expected projection or registered, got `both` => write one "
		"of these words\n" },
	{ SOURCE "lake: { location: s3://acme/prod, catalog: glu }\n" ORDERS "    adopt: true\n",
		"2:44 lake.catalog: expected local or glue, got `glu` => did you mean `glue`?\n" },
};
/* clang-format on */

#endif
