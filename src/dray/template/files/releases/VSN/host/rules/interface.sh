# See apply_distribution_rules: it is needed without a file, too.
apply_distribution_rules
