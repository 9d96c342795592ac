public import Encoders
internal import Files
public import LowRank

/// Why something in an adapter's life after its training cannot be done.
public enum LifecycleError: Error {
    /// A setting that nothing can be done with; the name is the command line's.
    case invalidSetting(name: String, found: String, expected: String)
    /// An adapter that cannot be combined with others, or does not fit the base.
    case unfitAdapter(name: String, reason: String)
    /// The evaluation on a data set failed, or did not give the number that it was to give.
    case evaluationFailed(name: String, reason: String)
    /// The adapters could not be combined.
    case lowRank(LowRankError)
    /// The encoder refused a combination.
    case encoders(EncodersError)
}

extension LifecycleError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidSetting(let name, let found, let expected): "\(name) is \(found), expected \(expected)".onOneLine
        case .unfitAdapter(let name, let reason): "\(name): \(reason)".onOneLine
        case .evaluationFailed(let name, let reason): "the evaluation on \(name) failed: \(reason)".onOneLine
        case .lowRank(let error): error.description
        case .encoders(let error): error.description
        }
    }
}
