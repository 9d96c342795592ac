internal import CAttuneKernels
internal import Glibc

/// The instruction sets that the kernels are written for, from the plainest.
///
/// The best one that the processor and the operating system support is chosen at first use. The environment's
/// `ATTUNE_ISA=scalar|avx2|avx512|avx512vnni|avx512bf16|neon` forces another. Each one of x86 includes those before it,
/// and keeps their kernels where it has nothing better. Results are bit-identical between runs on one instruction set,
/// not between two.
public enum InstructionSet: String, CaseIterable, Sendable {
    /// Plain C: the specification that the others are tested against.
    case scalar
    /// AVX2 with FMA and F16C.
    case avx2
    /// AVX-512 F, BW, DQ and VL.
    case avx512
    /// AVX-512 with VNNI, for int8, and VPOPCNTDQ, for bits, where the processor has it.
    case avx512vnni
    /// AVX-512 with BF16 too, for bfloat16.
    case avx512bf16
    /// NEON of 64-bit Arm, as every processor of it has.
    case neon

    /// The one in use. Where `ATTUNE_ISA` is impossible, the best one; ``validateEnvironment()`` says so.
    public static var current: InstructionSet {
        InstructionSet(rawValue: String(cString: Kernels.current.table.pointee.name)) ?? .scalar
    }

    /// Those that this processor supports.
    public static var available: [InstructionSet] {
        allCases.filter { attune_kernels_for($0.rawValue) != nil }
    }

    /// Checks that `ATTUNE_ISA`, where it is set, names an instruction set that this processor has.
    ///
    /// A program calls this once at its start; a library without that check computes with the best set.
    public static func validateEnvironment() throws(VectorMathError) {
        try validate(getenv("ATTUNE_ISA").map { String(cString: $0) })
    }

    /// Checks one value of `ATTUNE_ISA`; none or an empty one is right.
    package static func validate(_ name: String?) throws(VectorMathError) {
        var table: UnsafePointer<attune_kernels>?
        switch attune_kernels_find(name, &table) {
        case attune_isa_unknown:
            throw .unknownInstructionSet(found: name ?? "", known: allCases.map(\.rawValue))
        case attune_isa_unsupported:
            throw .unsupportedInstructionSet(found: name ?? "", available: available.map(\.rawValue))
        default:
            return
        }
    }
}
