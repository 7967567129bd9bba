#!/bin/bash
# Runs a class of Kafka's jars: `kafka-run-class.sh CLASS ARGUMENTS`. Under the name of a tool it runs that tool's class.
# Takes KAFKA_HEAP_OPTS, KAFKA_JVM_PERFORMANCE_OPTS and KAFKA_OPTS.
set -euo pipefail

declare -A TOOLS=(
  [kafka-broker-api-versions.sh]=org.apache.kafka.tools.BrokerApiVersionsCommand
  [kafka-configs.sh]=kafka.admin.ConfigCommand
  [kafka-console-consumer.sh]=org.apache.kafka.tools.consumer.ConsoleConsumer
  [kafka-console-producer.sh]=org.apache.kafka.tools.ConsoleProducer
  [kafka-consumer-groups.sh]=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand
  [kafka-get-offsets.sh]=org.apache.kafka.tools.GetOffsetShell
  [kafka-metadata-quorum.sh]=org.apache.kafka.tools.MetadataQuorumCommand
  [kafka-reassign-partitions.sh]=org.apache.kafka.tools.reassign.ReassignPartitionsCommand
  [kafka-server-start.sh]=kafka.Kafka
  [kafka-storage.sh]=kafka.tools.StorageTool
  [kafka-topics.sh]=org.apache.kafka.tools.TopicCommand
)

if [ "${1:-}" = --link-tools ]; then
  for tool in "${!TOOLS[@]}"; do ln -s kafka-run-class.sh "/opt/kafka/bin/$tool"; done
  exit
fi

tool=${TOOLS[${0##*/}]:-}
# The quick compiler and the plain collector: a broker for tests starts sooner and needs less memory with them.
heap=${KAFKA_HEAP_OPTS:--Xms64m -Xmx512m}
performance=${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1}
# shellcheck disable=SC2086  # several options in one variable
exec java $heap $performance \
  -XX:+ExitOnOutOfMemoryError \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
  -Dorg.slf4j.simpleLogger.showDateTime=true \
  "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS" \
  ${KAFKA_OPTS:-} -cp '/opt/kafka/libs/*' $tool "$@"
