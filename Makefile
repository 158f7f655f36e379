# The developer's verbs. CI calls these and nothing else (.ci/run).
.PHONY: run test check format bench samples channel lock
BIN := .venv/bin

run: ## sandbox, generated keys, a demo login: the whole way on one machine
	@requirements/setup run
	@$(BIN)/gateway demo

test: ## every test, against real servers
	@requirements/setup test
	@$(BIN)/pytest $(ARGS)

check: ## format, lint, types, import contracts
	@requirements/setup test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: ## rewrite the code as `check` wants it
	@requirements/setup test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: ## figures and ratios of this machine
	@requirements/setup test
	@$(BIN)/python -m tests.bench $(ARGS)

samples: ## make samples DIR=folder: wire samples through their connectors, case by case
	@requirements/setup test
	@$(BIN)/python -m tests.samples $(DIR)

channel: ## make channel NAME=siaga: the files and failing tests of a new channel
	@requirements/setup test
	@$(BIN)/python -m connectors.scaffold $(NAME)

lock: ## new versions into the hash-locked requirement files
	@requirements/setup test
	$(BIN)/uv pip compile -q -U pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url -o requirements/run.txt
	$(BIN)/uv pip compile -q -U pyproject.toml --extra build --extra dev -c requirements/run.txt --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url -o requirements/dev.txt
	$(BIN)/uv pip compile -q -U requirements/s3-server.in --universal --python-version 3.11 --generate-hashes --no-emit-find-links --no-emit-index-url -o requirements/s3-server.txt
