/// The numbers that the products of a model multiply.
///
/// Sums are in float32 (in 32 bits in `int8`), and everything between the products is too.
public enum Precision: String, CaseIterable, Sendable {
    /// Weights and activations in float32.
    case f32
    /// Weights and activations in bfloat16: half the bytes, twice the products a second.
    case bf16
    /// Weights in 8 bits with a scale for each output, activations in 8 bits with a range for each token: four times
    /// the products a second.
    case int8

    /// Whether the instruction set in use has an instruction for it. Without one it works, in more steps.
    public var isNative: Bool {
        switch self {
        case .f32: true
        case .bf16: InstructionSet.current == .avx512bf16
        case .int8: InstructionSet.current == .avx512vnni || InstructionSet.current == .avx512bf16
        }
    }

    /// bf16 where the processor has it, else f32: what costs nothing that could be measured.
    public static var standard: Precision { Precision.bf16.isNative ? .bf16 : .f32 }

    /// The bytes of one number.
    public var byteCount: Int {
        switch self {
        case .f32: 4
        case .bf16: 2
        case .int8: 1
        }
    }
}
