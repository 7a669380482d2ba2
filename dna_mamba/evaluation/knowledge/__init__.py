"""What a model knows of a genome: bits a base by kind of sequence, motifs, probes; asked at masked sites."""
