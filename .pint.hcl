# pint (https://cloudflare.github.io/pint) finds faults in rules that promtool passes: pint lint alerts/wolkvox.rules.yml
# With a `prometheus` block of your own it also asks whether the series are there.
parser {
  include = ["alerts/wolkvox.rules.yml"]
}

rule {
  match {
    kind = "alerting"
  }

  annotation "summary" {
    severity = "bug"
    required = true
  }

  annotation "description" {
    severity = "bug"
    required = true
  }

  annotation "runbook_url" {
    severity = "bug"
    required = true
  }

  label "severity" {
    severity = "bug"
    value    = "critical|warning|info"
    required = true
  }

  label "category" {
    severity = "bug"
    value    = "business|exporter"
    required = true
  }
}
