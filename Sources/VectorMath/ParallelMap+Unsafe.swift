/// The results of `body` for 0..<count in order, made on all threads, `grain` at a time.
@inlinable
package func parallelMap<Output>(_ count: Int, grain: Int = 1, _ body: (Int) -> Output) -> [Output] {
    // The empty array is one for all: even to write that it is empty would be a race.
    guard count > 0 else { return [] }
    return [Output](unsafeUninitializedCapacity: count) { buffer, initialized in
        guard let base = buffer.baseAddress else { return }
        parallelFor(count, grain: grain) { block in
            for index in block { (base + index).initialize(to: body(index)) }
        }
        initialized = count
    }
}

/// The same with a body that may throw: the error of the first index that fails is thrown.
@inlinable
package func parallelMap<Output, Failure: Error>(
    _ count: Int, grain: Int = 1, throwing body: (Int) throws(Failure) -> Output
) throws(Failure) -> [Output] {
    let results = parallelMap(count, grain: grain) { index in
        Result { () throws(Failure) in try body(index) }
    }
    var outputs: [Output] = []
    outputs.reserveCapacity(count)
    for result in results { outputs.append(try result.get()) }
    return outputs
}
