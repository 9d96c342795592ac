import CAttuneKernels
import Testing
import VectorMath

@Suite("Products with packed weights")
struct PackedMatrixTests {
    /// Error for each term of a float32 product, for factors in -1...1: half a unit in the last place of 1.
    static let tolerance = 0x1p-24
    /// Error of a bfloat16 result, as a share of it.
    static let narrowTolerance = 0x1p-8
    /// Error of the short form of GELU; beyond 4, half of it is the share of the argument.
    static let shortTolerance = 1.3e-4

    static let sets = InstructionSet.available

    @Test(
        "agree with double precision at every instruction set and precision, with every width and number of rows",
        arguments: sets, Precision.allCases)
    func agrees(set: InstructionSet, precision: Precision) {
        for rows in [1, 2, 5, 7, 12, 13, 31, 97, 100] {
            for (inputs, outputs) in [
                (1, 1), (3, 5), (16, 16), (17, 31), (32, 32), (40, 33), (64, 47), (96, 80), (130, 49),
            ] {
                let product = MadeUpProduct(rows: rows, inputs: inputs, outputs: outputs, precision: precision)
                let y = product.run(set)
                for i in 0..<rows {
                    for j in 0..<outputs {
                        let error = abs(Double(y[i, j]) - product.expected(i, j))
                        #expect(error <= Self.tolerance * Double(16 + 4 * inputs), "\(inputs) inputs, row \(i), \(j)")
                    }
                }
            }
        }
    }

    @Test("give a row the same bits in any company and at any place", arguments: sets, Precision.allCases)
    func rowsAreIndependent(set: InstructionSet, precision: Precision) {
        let all = MadeUpProduct(rows: 110, inputs: 200, outputs: 75, precision: precision)
        let y = all.run(set)
        for count in [1, 2, 3, 5, 8, 11, 12, 13, 40] {
            for first in [0, 1, 50, 97 - count] {
                let some = all.run(set, rows: first..<first + count)
                for i in 0..<count { #expect(some.row(i) == y.row(first + i)) }
            }
        }
    }

    @Test("add bias, residual and low-rank term, apply the activation, and round to bfloat16", arguments: sets)
    func tail(set: InstructionSet) {
        for precision in Precision.allCases {
            for activation in [nil, GELU.exact, .tanh] {
                for isNarrow in [false, true] {
                    var product = MadeUpProduct(rows: 14, inputs: 48, outputs: 50, precision: precision)
                    product.addEverything(rank: 5)
                    product.activation = activation
                    product.isNarrow = isNarrow
                    let y = product.run(set)
                    for i in 0..<14 {
                        for j in 0..<50 {
                            let expected = product.expected(i, j)
                            let bound = Self.tolerance * 300 + (isNarrow ? abs(expected) * Self.narrowTolerance : 0)
                            #expect(abs(Double(y[i, j]) - expected) <= bound, "\(precision), row \(i), column \(j)")
                        }
                    }
                }
            }
        }
    }

    @Test("apply the short form of GELU within its bound", arguments: sets)
    func shortActivation(set: InstructionSet) {
        let arguments = MadeUpProduct(rows: 20, inputs: 64, outputs: 60, precision: .f32)
        var product = arguments
        product.activation = .exact
        product.isActivationShort = true
        let y = product.run(set)
        for i in 0..<20 {
            for j in 0..<60 {
                let bound = Self.shortTolerance * max(1, abs(arguments.expected(i, j)) / 2)
                #expect(abs(Double(y[i, j]) - product.expected(i, j)) <= bound)
            }
        }
    }

    @Test("in 8 bits are the same to the last sum at every instruction set", arguments: sets)
    func integersAreExact(set: InstructionSet) {
        // Scales of 1 leave the sums as they are: whole numbers below 2²⁴.
        let product = MadeUpProduct(rows: 29, inputs: 250, outputs: 70, precision: .int8, hasScales: false)
        #expect(product.run(set) == product.run(.scalar))
    }

    @Test("take a transposed weight, and compute ranges of columns as they compute all", arguments: Precision.allCases)
    func facesAgree(precision: Precision) {
        let weight = randomMatrix(100, 64, seed: 7)
        var transposed = Matrix<Float>(rows: 64, columns: 100)
        for i in 0..<100 { for j in 0..<64 { transposed[j, i] = weight[i, j] } }
        let x = MadeUpProduct.Activations(randomMatrix(9, 64, seed: 8), precision: precision)
        let bias = randomFloats(100, seed: 9)

        func y(_ packed: PackedMatrix, _ ranges: [Range<Int>]) -> Matrix<Float> {
            var y = Matrix<Float>(rows: 9, columns: 100)
            let stride = y.stride
            y.withUnsafeMutablePointer { y0 in
                bias.withUnsafeBufferPointer { bias in
                    var tail = ProductTail(y: y0, yStride: stride)
                    tail.bias = bias.baseAddress
                    for range in ranges { x.withInput(0..<9) { packed.multiply($0, columns: range, tail: tail) } }
                }
            }
            return y
        }
        let whole = y(PackedMatrix(weight.view, precision: precision), [0..<100])
        #expect(y(PackedMatrix(transposing: transposed.view, precision: precision), [0..<100]) == whole)
        #expect(y(PackedMatrix(weight.view, precision: precision), [64..<100, 0..<32, 32..<64]) == whole)
        #expect(whole != Matrix(rows: 9, columns: 100))
    }
}
