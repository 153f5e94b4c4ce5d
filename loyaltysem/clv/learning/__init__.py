"""Value and churn learned from features of the log, beside the models of purchases."""
