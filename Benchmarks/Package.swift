// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func benchmark(_ name: String, uses products: [String]) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["Harness", .product(name: "ArgumentParser", package: "swift-argument-parser")]
            + products.map { .product(name: $0, package: "attune") },
        swiftSettings: swiftSettings)
}

let package = Package(
    name: "attune-benchmarks",
    dependencies: [
        .package(name: "attune", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        // What the machine itself can do, so that every figure stands beside its ceiling.
        .target(name: "CCeilings"),
        // Where a program's time goes, by samples of what it executes.
        .target(name: "CSampling"),
        // Timing, medians, tables, and running the peers' scripts.
        .target(
            name: "Harness",
            dependencies: [
                "CCeilings", "CSampling", .product(name: "Files", package: "attune"),
                .product(name: "VectorMath", package: "attune"),
            ], swiftSettings: swiftSettings),
        benchmark("kernels", uses: ["VectorMath"]),
        benchmark("adapters", uses: ["LowRank", "ModelFiles", "VectorMath"]),
        benchmark("mixture", uses: ["Encoders", "Files", "LowRank", "ModelFiles", "VectorMath"]),
        benchmark("tokenize", uses: ["Files", "Tokenization"]),
        benchmark("collection", uses: ["Corpora", "Files", "Retrieval", "VectorIndex", "VectorMath"]),
        benchmark("ann", uses: ["Files", "VectorIndex", "VectorMath"]),
        benchmark("embed", uses: ["Encoders", "Files", "ModelFiles", "VectorMath"]),
        benchmark("train", uses: ["Corpora", "Encoders", "Files", "LowRank", "ModelFiles", "Training", "VectorMath"]),
    ]
)
