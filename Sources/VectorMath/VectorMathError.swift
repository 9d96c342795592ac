/// What can be wrong from outside with the numeric floor: the forced instruction set.
public enum VectorMathError: Error, Equatable, CustomStringConvertible {
    /// `ATTUNE_ISA` names no instruction set.
    case unknownInstructionSet(found: String, known: [String])
    /// `ATTUNE_ISA` names one that this processor lacks.
    case unsupportedInstructionSet(found: String, available: [String])

    public var description: String {
        switch self {
        case .unknownInstructionSet(let found, let known):
            "ATTUNE_ISA=\(found): no such instruction set; known are \(known.joined(separator: ", "))"
        case .unsupportedInstructionSet(let found, let available):
            "ATTUNE_ISA=\(found): this processor has only \(available.joined(separator: ", "))"
        }
    }
}
