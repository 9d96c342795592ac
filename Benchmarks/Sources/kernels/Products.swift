import Harness
import VectorMath

/// Products of a run of tokens with weights: packed once by our kernels, and by OpenBLAS, which chooses its own level.
enum Products {
    static func measure() -> [Row] {
        let shapes = [
            (2048, 384, 384), (2048, 1536, 384), (2048, 384, 1536), (2048, 768, 768), (2048, 3072, 768), (12, 384, 384),
        ]
        return shapes.flatMap { m, n, k in
            let x = randomMatrix(m, k)
            let weight = randomMatrix(n, k, seed: 2)
            let packed = PackedMatrix(weight.view)
            var y = Matrix<Float>(rows: m, columns: n)
            let stride = y.stride
            let flops = 2 * Double(m * n * k)
            let shape = "\(m), \(n), \(k)"
            let own = Timing.median {
                x.withUnsafePointer { x0 in
                    y.withUnsafeMutablePointer { y0 in
                        packed.multiply(
                            x0, xStride: x.stride, rows: m, columns: 0..<n, bias: nil, into: y0, yStride: stride)
                    }
                }
            }
            var rows = [Row("product, packed", shape, seconds: own, flops: flops)]
            if InstructionSet.current == InstructionSet.available.last {
                let blas = Timing.median { multiply(x.view, weight.view, transposingSecond: true, into: &y) }
                rows.append(Row("product, OpenBLAS", shape, isa: "its own", seconds: blas, flops: flops))
            }
            return rows
        }
    }
}
