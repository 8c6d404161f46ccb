#SBATCH --time=5
echo nobody knows what runs this
