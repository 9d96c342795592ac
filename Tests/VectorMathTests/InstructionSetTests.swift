import CAttuneKernels
import Glibc
import Testing
import VectorMath

@Suite("Instruction sets")
struct InstructionSetTests {
    @Test("scalar is always there, and each one available has a table of its name")
    func available() {
        #expect(InstructionSet.available.contains(.scalar))
        #expect(InstructionSet.available.contains(.current))
        #expect(KernelSet.all.map(\.name) == InstructionSet.available.map(\.rawValue))
        for set in InstructionSet.available {
            #expect(attune_kernels_for(set.rawValue).map { String(cString: $0.pointee.name) } == set.rawValue)
        }
    }

    @Test("nothing asked for is right", arguments: [nil, ""])
    func nothingAsked(name: String?) throws {
        try InstructionSet.validate(name)
        var table: UnsafePointer<attune_kernels>?
        #expect(attune_kernels_find(name, &table) == attune_isa_ok)
        #expect(table.map { String(cString: $0.pointee.name) } == InstructionSet.available.last?.rawValue)
    }

    @Test("an unknown name is an error that lists the known ones", arguments: ["sse9", "AVX2", "avx", " scalar"])
    func unknown(name: String) {
        let known = ["scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "neon"]
        #expect(throws: VectorMathError.unknownInstructionSet(found: name, known: known)) {
            try InstructionSet.validate(name)
        }
        #expect(attune_kernels_for(name) == nil)
        var table: UnsafePointer<attune_kernels>?
        #expect(attune_kernels_find(name, &table) == attune_isa_unknown)
        #expect(table != nil)
    }

    @Test("a set that the processor lacks is an error, never an illegal instruction")
    func unsupported() {
        for set in InstructionSet.allCases where !InstructionSet.available.contains(set) {
            #expect(throws: VectorMathError.self) { try InstructionSet.validate(set.rawValue) }
            #expect(attune_kernels_for(set.rawValue) == nil)
        }
    }

    @Test("errors say what was asked for and what there is")
    func descriptions() {
        #expect(
            VectorMathError.unknownInstructionSet(found: "x", known: ["a", "b"]).description
                == "ATTUNE_ISA=x: no such instruction set; known are a, b")
        #expect(
            VectorMathError.unsupportedInstructionSet(found: "avx512", available: ["scalar"]).description
                == "ATTUNE_ISA=avx512: this processor has only scalar")
    }

    @Test("ATTUNE_ISA forces one")
    func forced() async {
        await #expect(processExitsWith: .success) {
            setenv("ATTUNE_ISA", "scalar", 1)
            try InstructionSet.validateEnvironment()
            let values = (0..<100).map { Float($0) / 7 }
            let plain = attune_kernels_for("scalar")!.pointee.dot(values, values, 100)
            let isForced = InstructionSet.current == .scalar && Distance.dot(values, values, count: 100) == plain
            exit(isForced ? 0 : 1)
        }
    }

    @Test("an impossible ATTUNE_ISA is reported, and computing goes on with the best set")
    func impossible() async {
        await #expect(processExitsWith: .success) {
            setenv("ATTUNE_ISA", "fastest", 1)
            let reported: Bool
            do throws(VectorMathError) {
                try InstructionSet.validateEnvironment()
                reported = false
            } catch {
                reported = true
            }
            exit(reported && InstructionSet.current == InstructionSet.available.last ? 0 : 1)
        }
    }
}
