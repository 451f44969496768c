// The boards and rules of this project as a Prometheus monitoring mixin: jb install github.com/OWNER/wolkvox-exporter
// They stand in dashboards/ and alerts/ as plain files. deploy/mixin/rules.json is alerts/wolkvox.rules.yml for programs that read no YAML.
local rules = import 'deploy/mixin/rules.json';

// The groups with those of their rules that have this key, without groups that have none.
local having(key) = [
  group { rules: [rule for rule in group.rules if std.objectHas(rule, key)] }
  for group in rules.groups
  if std.length([rule for rule in group.rules if std.objectHas(rule, key)]) > 0
];

{
  grafanaDashboards+:: {
    'wolkvox-operations.json': import 'dashboards/wolkvox-operations.json',
    'wolkvox-skill.json': import 'dashboards/wolkvox-skill.json',
    'wolkvox-agent.json': import 'dashboards/wolkvox-agent.json',
    'wolkvox-exporter.json': import 'dashboards/wolkvox-exporter.json',
    'wolkvox-wall.json': import 'dashboards/wolkvox-wall.json',
  },
  prometheusAlerts+:: { groups+: having('alert') },
  prometheusRules+:: { groups+: having('record') },
}
