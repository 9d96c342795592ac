/// The version of Attune, in semantic versioning: the one place that says it.
public let attuneVersion = "0.1.0"
