"""Replicas that share operations: whether one holds each, whether they come to rest, and whether they agree."""

from alerts.source.rule import OPERATION, Alert, board, promql, value


def alerts():
    return [
        Alert(
            "WolkvoxOperationHeldTwice",
            promql("""
                sum by (job, operation) (wolkvox_operation_held) > 1
            """),
            "5m",
            "critical",
            "exporter",
            f"{OPERATION} is polled by several exporters",
            f"{value('%.0f')} exporters poll {OPERATION}. Where their states are in files, each counts every chat, and boards that add "
            "them up show too much.",
            board("exporter", "job", "operation"),
            "When an operation goes from one replica to another, both may show it within one scrape interval.",
        ),
        Alert(
            "WolkvoxTakeoversFlapping",
            promql("""
                sum by (job) (increase(wolkvox_exporter_takeovers_total[1h]))
                  / max by (job) (wolkvox_exporter_operations{state="configured"}) > 3
            """),
            "10m",
            "warning",
            "exporter",
            "Operations go from replica to replica",
            f"Within an hour each operation of the job {{{{ $labels.job }}}} was taken over {value('%.1f')} times: replicas die again and "
            "again, or can't renew their leases. Nothing is lost, but each time the numbers stand still for up to a lease.",
            board("exporter", "job"),
        ),
        Alert(
            "WolkvoxDatabaseUnreachable",
            promql("""
                max by (job, instance) (wolkvox_exporter_database_up) < 1
            """),
            "5m",
            "critical",
            "exporter",
            "The replica at {{ $labels.instance }} can not use its database",
            "The replica at {{ $labels.instance }} (job {{ $labels.job }}) can't read or write the states in PostgreSQL. When its leases "
            "are out, it shows no operation. Others go on with them if the database answers those.",
            board("exporter", "job", "instance"),
        ),
        Alert(
            "WolkvoxReplicasDiffer",
            promql("""
                count by (job) (
                  count by (job, hash) (
                    wolkvox_exporter_config_hash_info and on (job, instance) wolkvox_exporter_database_up
                  )
                ) > 1
            """),
            "15m",
            "warning",
            "exporter",
            "Replicas have different configurations",
            f"The replicas of the job {{{{ $labels.job }}}} have {value('%.0f')} different configurations. Whoever takes an operation over "
            "polls and counts it by its own: one that leaves agents out deletes what was counted of them.",
            board("exporter", "job"),
            "Exporters whose states are in files may have operations of their own.",
        ),
    ]
