#!/usr/bin/env bash
# Diagnose $LOG and audit $FOLDER: annotations on standard output, the answer in the job's summary.
set -uo pipefail
status=0

clinic() { pipx run --spec "$PACKAGE" checkpoint-clinic "$@"; }

summarise() { # title, command...
  printf '### %s\n\n````text\n' "$1"
  shift
  "$@" --format agent
  printf '````\n\n'
} >>"${GITHUB_STEP_SUMMARY:-/dev/null}"

if [ -n "$LOG" ]; then
  summarise "Checkpoint Clinic: the log" clinic diagnose "$LOG"
  clinic diagnose "$LOG" --format github
  [ $? -eq 2 ] && status=2 # no log: a mistake in the workflow, to be seen
fi
if [ -n "$FOLDER" ]; then
  summarise "Checkpoint Clinic: the files" clinic audit "$FOLDER"
  clinic audit "$FOLDER" --format github
  found=$?
  [ $found -eq 1 ] || [ $found -eq 2 ] && status=1
fi
if [ -z "$LOG$FOLDER" ]; then
  echo "::error title=Checkpoint Clinic::expected log or folder, found neither. Give one: with: {log: run.log}"
  status=2
fi
exit $status
