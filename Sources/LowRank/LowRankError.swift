public import ModelFiles

/// What can be wrong with an adapter or a decomposition that came from outside.
public enum LowRankError: Error, Equatable {
    /// A target of the configuration names no linear module of the model.
    case targetMatchesNothing(target: String, modules: [String])
    /// A target pattern is not a regular expression.
    case invalidPattern(pattern: String, reason: String)
    /// A rank that is not positive, or larger than the module allows.
    case invalidRank(module: String, rank: Int, limit: Int)
    /// An adapter without a single module.
    case noModules
    /// A value of a matrix that is NaN or infinite, where LAPACK wants numbers.
    case notFinite(routine: String)
    /// LAPACK's own error code: negative names an argument, positive says that the iteration did not converge.
    case decompositionFailed(routine: String, code: Int)
    /// Rows that a map or a head cannot be fitted to.
    case unfitData(what: String, reason: String)
    /// A matrix without rows or columns, or not square where it has to be.
    case unfitShape(routine: String, rows: Int, columns: Int)
    /// A number that an operation cannot work with.
    case invalidSetting(name: String, found: String, expected: String)
    /// Adapters that do not go together in the way that was asked for.
    case notCombinable(reason: String)
    /// An operation on products B · A, asked of an adapter that has more than these.
    case notPlain(operation: String, what: String)
    /// A tensor that the adapter changes and the model does not have.
    case missingTensor(name: String, path: String)
    /// A matrix of the adapter that does not fit the weight that it changes.
    case wrongShape(module: String, matrix: String, expected: [Int], found: [Int])
    /// The adapter's files could not be read or written.
    case files(ModelFilesError)
}

extension LowRankError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .targetMatchesNothing(let target, let modules):
            let known = modules.prefix(6).joined(separator: ", ")
            return "adapter target \"\(target)\" matches no linear module of the model; it has \(modules.count): "
                + known + (modules.count > 6 ? ", …" : "")
        case .invalidPattern(let pattern, let reason):
            return "adapter target pattern \"\(pattern)\" is not a regular expression: \(reason)"
        case .invalidRank(let module, let rank, let limit):
            return "rank \(rank) of module \(module) is outside 1...\(limit)"
        case .noModules: return "the adapter has no modules"
        case .notFinite(let routine): return "\(routine): the matrix holds a value that is not finite"
        case .decompositionFailed(let routine, let code): return "\(routine) failed with code \(code)"
        case .unfitData(let what, let reason): return "\(what): \(reason)"
        case .unfitShape(let routine, let rows, let columns):
            return "\(routine): a matrix of \(rows) x \(columns) cannot be decomposed"
        case .invalidSetting(let name, let found, let expected): return "\(name) is \(found), \(expected) expected"
        case .notCombinable(let reason): return "the adapters cannot be combined: \(reason)"
        case .notPlain(let operation, let what):
            return "\(operation) works on products B · A alone, and this adapter has \(what): merge it instead"
        case .missingTensor(let name, let path): return "\(path): the adapter changes '\(name)', which is not there"
        case .wrongShape(let module, let matrix, let expected, let found):
            return "\(matrix) of the adapter's module \(module) has shape \(found), the model wants \(expected)"
        case .files(let error): return error.description
        }
    }
}
