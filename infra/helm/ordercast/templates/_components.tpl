{{/*
The components: what tells them apart. `key` is theirs in the values, `public` whether they have clients, `paths` the public ones
of their HTTP API, `pages` what is behind the console's own host beside its first page. `asks` are those whose HTTP interfaces one
stands on, in place of Kafka and PostgreSQL.

`identity` is the variable with the name that has to be the same after a restart, another for each process: the pod's. A
Deployment's pod keeps its name when its container dies; when the pod goes, a relay gives its shards back and a trainer its
training, and their leases run out if they could not. So any new name will do for their successors. The worker's is a static
member of Kafka's consumer group: such a member never says that it leaves, and one that comes back under another name makes
its partitions wait for the end of the old session and two rebalances. So workers are a StatefulSet, whose pods come back
under their names (`stable`).
*/}}
{{- define "ordercast.components" -}}
order-api:
  key: orderApi
  port: 8000
  public: true
  tokens: [private, public]
  partitions: true
  paths: [/accounts, /api-keys, /asyncapi, /asyncapi.json, /audit, /auth, /dead-letters, /events, /orders, /pairs, /problems, /products, /trends, /views, /webhooks, /.well-known]
relay:
  key: relay
  image: order-api
  args: [relay]
  port: 8004
  partitions: true
  identity: ORDERCAST_RELAY_ID
feature-worker:
  key: featureWorker
  port: 8003
  partitions: true
  stable: true
  identity: ORDERCAST_WORKER_ID
trainer:
  key: trainer
  port: 8001
  public: true
  tokens: [public]
  artifacts: written
  models: private
  identity: ORDERCAST_TRAINER_ID
  paths: [/trainings, /recipes]
predictor:
  key: predictor
  port: 8002
  public: true
  tokens: [public]
  partitions: true
  artifacts: read
  models: public
  paths: [/features, /forecasts, /models, /predictions]
console:
  key: console
  port: 8005
  public: true
  asks: [order-api, relay, feature-worker, trainer, predictor]
  pages: [/accounts, /dead-letters, /events, /features, /flow, /forecasts, /import, /journey, /log-in, /log-out, /models, /orders, /overview, /predict, /preferences, /products, /shop, /static, /trainings]
{{- end -}}
