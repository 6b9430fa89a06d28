#!/bin/sh
# Creates the namespaces and the search attributes that zkferry's workflows set. Safe to run again.
# `lab` is for rehearsals, whose tasks no other worker may take.
set -eu

until temporal operator cluster health; do sleep 1; done

for namespace in default lab; do
  temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$namespace" --retention 30d

  until temporal operator search-attribute list --namespace "$namespace" >/dev/null 2>&1; do sleep 1; done
  for name in ZkferryCluster ZkferryStrategy ZkferryPhase ZkferryState; do
    temporal operator search-attribute list --namespace "$namespace" | grep -qw "$name" ||
      temporal operator search-attribute create --namespace "$namespace" --name "$name" --type Keyword
  done
done
