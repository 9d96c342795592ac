import CAttuneKernels
import Testing

@testable import VectorMath

@Suite("What a graph is built with")
struct GraphKernelTests {
    @Test("compares with four vectors as with each of them, to the last bit", arguments: KernelSet.all)
    func fourAtOnce(kernels: KernelSet) {
        for width in [64, 128, 384, 832, 4160] {
            var generator = RandomGenerator(seed: UInt64(width))
            let query = (0..<width).map { _ in generator.normal() }
            let vectors = (0..<4).map { _ in
                FencedElements((0..<width).map { _ in Float16(generator.normal()).bitPattern })
            }
            var distances = [Float](repeating: 0, count: 4)
            kernels.withTable { table in
                let own = attune_graph_kernels_for(table).pointee
                guard let four = own.distances else { return }
                withPointers(vectors) { four(query, $0, width, &distances) }
                for (vector, distance) in zip(vectors, distances) {
                    let expected = own.distance(query, vector.pointer, nil, width)
                    #expect(distance.bitPattern == expected.bitPattern, "\(width) coordinates")
                }
            }
        }
    }

    private func withPointers(
        _ vectors: [FencedElements<UInt16>], _ body: (UnsafePointer<UnsafeRawPointer>) -> Void
    ) {
        vectors.map { UnsafeRawPointer($0.pointer) }.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    @Test("sorts by distance, then by number, and keeps of each vertex the nearest", arguments: 0...70)
    func sorts(count: Int) {
        var generator = RandomGenerator(seed: UInt64(count))
        // Few numbers and few distances, so that both come more than once; negative ones and zeros among them.
        for (vertices, distances) in [(1000, 1000), (40, 9), (5, 3), (1, 1)] {
            var entries = (0..<count).map { _ in
                GraphEntry(
                    distance: Float(generator.below(distances) - distances / 3) * 0.25,
                    vertex: UInt32(generator.below(vertices)))
            }
            var nearest: [UInt32: Float] = [:]
            for entry in entries { nearest[entry.vertex] = min(entry.distance, nearest[entry.vertex] ?? .infinity) }
            let expected = nearest.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
            var visited = [UInt32](repeating: 0, count: vertices / 32 + 1)
            let kept = entries.withUnsafeMutableBufferPointer {
                $0.baseAddress.map { GraphRows.sort($0, count: count, visited: &visited) } ?? 0
            }
            #expect(entries.prefix(kept).map(\.vertex) == expected.map(\.key))
            #expect(entries.prefix(kept).map(\.distance) == expected.map(\.value))
            #expect(visited.allSatisfy { $0 == 0 })
        }
    }
}
