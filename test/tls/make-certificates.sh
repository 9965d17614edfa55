#!/bin/sh
# Certificates for the tests, good and bad ones, each named for what it is.
#
#     make-certificates.sh FOLDER
#
# Every NAME gets NAME.pem and NAME.key; those of an intermediate authority
# also NAME.chain.pem. Nothing here is a secret, and nothing outlives the
# build folder.
set -eu

out=$1
rm -rf "$out"
mkdir -p "$out"
cd "$out"

past=20200101000000Z
recent=20240101000000Z
over=20240201000000Z
future=20900101000000Z
far=20991231000000Z

# key NAME [rsa:BITS]
key() {
  if [ $# -gt 1 ]; then
    openssl genrsa -out "$1.key" "${2#rsa:}" 2>/dev/null
  else
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
  fi
}

# What `openssl ca` needs to remember of an authority.
authority() {
  mkdir "$1.ca"
  : >"$1.ca/index.txt"
  echo 1000 >"$1.ca/serial"
  echo 01 >"$1.ca/crlnumber"
  cat >"$1.ca/ca.cnf" <<END
[ca]
default_ca = it
[it]
database = $1.ca/index.txt
serial = $1.ca/serial
crlnumber = $1.ca/crlnumber
new_certs_dir = $1.ca
certificate = $1.pem
private_key = $1.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
END
}

# self NAME SUBJECT START END EXTENSIONS: signed by its own key
self() {
  authority "$1"
  printf '%b\n' "$5" >"$1.ext"
  openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr" -config /dev/null 2>/dev/null ||
    openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
  openssl ca -batch -notext -config "$1.ca/ca.cnf" -selfsign \
    -keyfile "$1.key" -in "$1.csr" -startdate "$3" -enddate "$4" \
    -extfile "$1.ext" -out "$1.pem" 2>"$1.log"
}

# issue NAME AUTHORITY SUBJECT START END EXTENSIONS [MD]
issue() {
  printf '%b\n' "$6" >"$1.ext"
  openssl req -new -key "$1.key" -subj "/CN=$3" -out "$1.csr"
  openssl ca -batch -notext -config "$2.ca/ca.cnf" -in "$1.csr" \
    -startdate "$4" -enddate "$5" -extfile "$1.ext" -md "${7:-sha256}" \
    -out "$1.pem" 2>"$1.log"
}

ca_ext='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'
server_use='basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth'
client_use='basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth'
good_names='subjectAltName=DNS:localhost,DNS:broker.example.test,IP:127.0.0.1,IP:::1'

# server NAME AUTHORITY NAMES: a good one but for its names
server() {
  key "$1"
  issue "$1" "$2" "$1" $recent $far "$server_use${3:+\n}$3"
}

for name in root other fake; do key $name; done
self root 'midge test root' $past $far "$ca_ext"
self other 'another test root' $past $far "$ca_ext"
self fake 'midge test root' $past $far "$ca_ext"

key intermediate
issue intermediate root 'midge test intermediate' $past $far "$ca_ext"
authority intermediate
key not-ca
issue not-ca root 'midge test no authority' $past $far 'basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash'
authority not-ca
key short
issue short root 'midge test path of zero' $past $far "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash"
authority short
key below-short
issue below-short short 'midge test below the path' $past $far "$ca_ext"
authority below-short
key constrained
issue constrained root 'midge test constrained' $past $far "$ca_ext\nnameConstraints=critical,permitted;DNS:allowed.test"
authority constrained

server server root "$good_names"
key self-signed
self self-signed localhost $recent $far "$server_use\n$good_names"
key expired
issue expired root expired $past $over "$server_use\n$good_names"
key not-yet-valid
issue not-yet-valid root not-yet-valid $future $far "$server_use\n$good_names"
server unknown-root other "$good_names"
server fake-root fake "$good_names"
server fake-root-alike fake "$good_names\nauthorityKeyIdentifier=none"
server chained intermediate "$good_names"
cat chained.pem intermediate.pem >chained.chain.pem
server wrong-host root 'subjectAltName=DNS:other.example.test'
key cn-only
issue cn-only root localhost $recent $far "$server_use"
server wildcard root 'subjectAltName=DNS:*.example.test'
server partial-wildcard root 'subjectAltName=DNS:b*.example.test'
key ip-in-cn
issue ip-in-cn root 127.0.0.1 $recent $far "$server_use\nsubjectAltName=DNS:other.example.test"
server ip-in-dns root 'subjectAltName=DNS:127.0.0.1'
server idn root 'subjectAltName=DNS:xn--bcher-kva.example.test'
# DNS:localhost, a NUL, ".evil.test"
server nul root 'subjectAltName=DER:30:16:82:14:6c:6f:63:61:6c:68:6f:73:74:00:2e:65:76:69:6c:2e:74:65:73:74'
key client-use
issue client-use root client-use $recent $far "$client_use\n$good_names"
server under-not-ca not-ca "$good_names"
cat under-not-ca.pem not-ca.pem >under-not-ca.chain.pem
server too-long below-short "$good_names"
cat too-long.pem below-short.pem short.pem >too-long.chain.pem
server outside constrained "$good_names"
cat outside.pem constrained.pem >outside.chain.pem
server inside constrained 'subjectAltName=DNS:broker.allowed.test'
cat inside.pem constrained.pem >inside.chain.pem
key weak-key rsa:1024
issue weak-key root weak-key $recent $far "$server_use\n$good_names"
key weak-hash
issue weak-hash root weak-hash $recent $far "$server_use\n$good_names" sha1
server revoked root "$good_names"

for name in client client-revoked; do
  key $name
  issue $name root $name $recent $far "$client_use"
done
key client-expired
issue client-expired root client-expired $past $over "$client_use"
key client-chained
issue client-chained intermediate client-chained $recent $far "$client_use"
cat client-chained.pem intermediate.pem >client-chained.chain.pem
key client-foreign
issue client-foreign other client-foreign $recent $far "$client_use"
openssl pkcs8 -topk8 -in client.key -out client-encrypted.key -passout pass:secret
openssl pkcs12 -export -in client.pem -inkey client.key -certfile root.pem \
  -passout pass:secret -out client.p12

# Lists of those revoked: one that is good, and one that is too old.
openssl ca -config root.ca/ca.cnf -gencrl -crldays 9000 -out root-empty.crl 2>/dev/null
for name in revoked client-revoked; do
  openssl ca -config root.ca/ca.cnf -revoke $name.pem 2>/dev/null
done
openssl ca -config root.ca/ca.cnf -gencrl -crldays 9000 -out root.crl 2>/dev/null
openssl ca -config root.ca/ca.cnf -gencrl -crl_lastupdate $past \
  -crl_nextupdate $over -out root-expired.crl 2>/dev/null
openssl ca -config other.ca/ca.cnf -gencrl -crldays 9000 -out other.crl 2>/dev/null

# A directory with hashed names, as the system's is.
mkdir hashed empty-path
cp root.pem hashed/
openssl rehash hashed
: >empty.pem
cat root.pem >root-and-half.pem
head -n 3 other.pem >>root-and-half.pem
printf 'not a certificate\n' >garbage.pem
sed '3s/^...../!!!!!/' root.pem >broken.pem

rm -rf ./*.csr ./*.ext ./*.log ./*.ca
